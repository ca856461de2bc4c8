"""`LocalLimiter`: an even rate, in the order of asking, over threads and event loops."""

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import ConfigurationError
from paycombat_async.limiters import LocalLimiter
from paycombat_async.limiters.block import LATENESS_S, Block
from paycombat_async.testing import FakeClock


async def test_requests_are_spread_evenly() -> None:
    clock = FakeClock()
    limiter = LocalLimiter(50, clock=clock)
    moments = []

    async def ask() -> None:
        await limiter.acquire()
        moments.append(clock.monotonic() - clock_start)

    clock_start = clock.monotonic()
    await asyncio.gather(*(ask() for _ in range(100)))

    assert pytest.approx([number / 50 for number in range(100)], abs=0.001) == moments


class Gate(FakeClock):
    """A clock whose sleepers wait until `go`."""

    def __init__(self) -> None:
        super().__init__()
        self.sleeping: list[asyncio.Future[None]] = []

    async def sleep(self, seconds: float) -> None:
        turn = asyncio.get_running_loop().create_future()
        self.sleeping.append(turn)
        await turn
        await super().sleep(seconds)

    def go(self) -> None:
        for turn in self.sleeping:
            if not turn.done():
                turn.set_result(None)
        self.sleeping.clear()


async def test_tasks_are_served_in_order_and_a_cancelled_one_takes_nothing() -> None:
    clock = Gate()
    limiter = LocalLimiter(1, clock=clock)
    await limiter.acquire()
    served: list[str] = []

    async def ask(name: str) -> None:
        await limiter.acquire()
        served.append(name)

    first, second, third = (asyncio.create_task(ask(name)) for name in ("first", "second", "third"))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    while not third.done():
        await asyncio.sleep(0)
        clock.go()

    assert ["second", "third"] == served
    assert 2 == pytest.approx(clock.monotonic() - FakeClock().monotonic(), abs=0.01)
    await second


def test_threads_and_event_loops_share_the_rate() -> None:
    """Each thread has an event loop of its own; the sum of what they get is the rate."""
    clock = FakeClock()
    limiter = LocalLimiter(100, clock=clock)
    taken = threading.Semaphore(0)

    def work() -> None:
        async def ask() -> None:
            for _ in range(50):
                await limiter.acquire()
                taken.release()

        asyncio.run(ask())

    threads = [threading.Thread(target=work) for _ in range(4)]
    begun = clock.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert all(taken.acquire(blocking=False) for _ in range(200))
    # The clock moves on with every sleep of every thread, so more than the two seconds of a shared wait may pass.
    assert 199 / 100 - LATENESS_S <= clock.monotonic() - begun


@pytest.mark.parametrize("per_second", [0, -1, float("nan"), float("inf"), 1e7, True, "50", None])
def test_a_rate_that_cannot_work_is_refused(per_second: object) -> None:
    with pytest.raises(ConfigurationError, match="per_second"):
        LocalLimiter(per_second)  # type: ignore[arg-type]  # wrong on purpose


@given(
    st.lists(st.floats(0, 0.4), min_size=1, max_size=200),
    st.floats(1, 500),
    st.integers(1, 100),
)
def test_a_block_never_gives_more_than_its_rate(delays: list[float], per_second: float, size: int) -> None:
    """However late its loop is: no moment is used early, or more than `LATENESS_S` late, and none twice."""
    now, used = 0.0, []
    block = Block(0.0, 1 / per_second, size)
    for delay in delays:
        now += delay
        wait = block.take(now)
        if wait is None:
            assert block.is_used_up
            break
        if wait == 0:
            used.append(now)
        else:
            now += wait

    assert len(used) <= size
    for begin in used:
        in_a_second = [moment for moment in used if begin <= moment < begin + 1]
        assert len(in_a_second) <= per_second * (1 + LATENESS_S) + 1
