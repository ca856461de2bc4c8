"""The throttle: fewer concurrent calls after a 429, and gradually more again."""

import asyncio

from paycombat_async import Attempt
from paycombat_async.batch.run.call_rate import CallRate
from paycombat_async.batch.run.throttle import LONGEST_HOLD, Throttle
from paycombat_async.limiters import LocalLimiter
from paycombat_async.testing import FakeClock


def too_many(elapsed: float = 0.1) -> Attempt:
    return Attempt("customers.update", 1, 429, None, elapsed, None)


def test_a_429_halves_once_for_all_calls_that_were_under_way() -> None:
    """Attempts that began before a cut do not cut again, later ones do; the limit is at least 1."""
    clock = FakeClock()
    throttle = Throttle(64, None, clock)
    limits = []

    for elapsed, passed in [(0.1, 0.0), (0.1, 0.0), (0.1, 0.0), (0.1, 0.2), (0.1, 0.2)] + [(0.1, 0.2)] * 9:
        clock.time += passed
        throttle.throttled(too_many(elapsed))
        limits.append(throttle.limit)

    assert [32, 32, 32, 16, 8, 4, 2, 1, 1, 1, 1, 1, 1, 1] == limits


def test_good_answers_give_back_one_call_per_round() -> None:
    """32 successes raise a limit of 32 to 33, and never above the number of workers."""
    throttle = Throttle(64, None, FakeClock())
    throttle.throttled(too_many())

    for _ in range(33):
        throttle.on_success()
    after_a_round = throttle.limit
    for _ in range(10_000):
        throttle.on_success()

    assert 33 == after_a_round
    assert 64 == throttle.limit


async def test_no_more_workers_go_on_than_the_limit_allows() -> None:
    """Of two workers at a limit of one, the second waits until successes raise the limit."""
    throttle = Throttle(2, None, FakeClock())
    throttle.throttled(too_many())
    workers = [asyncio.create_task(throttle.acquire_slot()) for _ in range(2)]
    await asyncio.sleep(0)
    went_on = [worker.done() for worker in workers]

    throttle.on_success()
    await asyncio.gather(*workers)

    assert [False, True] == went_on


async def test_nobody_has_to_ask_once_the_trouble_is_over() -> None:
    """`is_slow` is False again after the limit has recovered or a hold has ended; with a rate never."""
    clock = FakeClock()
    throttle = Throttle(2, None, clock)
    slow = [throttle.is_slow]

    throttle.throttled(too_many())
    slow.append(throttle.is_slow)
    throttle.on_success()
    slow.append(throttle.is_slow)
    throttle.hold(3.0)
    throttle.on_success()
    slow.append(throttle.is_slow)
    await throttle.wait_for_rate()
    throttle.on_success()
    slow.append(throttle.is_slow)

    assert [False, True, False, True, False] == slow
    assert [3.0] == clock.slept
    assert Throttle(2, CallRate([LocalLimiter(5.0, clock=clock)]), clock).is_slow


async def test_the_rate_spaces_the_starts() -> None:
    """Four calls at two per second start within a second and a half."""
    clock = FakeClock()
    throttle = Throttle(8, CallRate([LocalLimiter(2.0, clock=clock)]), clock)
    begun = clock.time

    for _ in range(4):
        await throttle.wait_for_rate()

    assert 1.5 == clock.time - begun


async def test_a_hold_keeps_all_calls_back() -> None:
    """Calls wait as long as the longest hold, and never longer than `LONGEST_HOLD`."""
    clock = FakeClock()
    throttle = Throttle(8, None, clock)
    begun = clock.time

    throttle.hold(7.0)
    throttle.hold(3.0)
    await throttle.wait_for_rate()
    after_first = clock.time - begun
    throttle.hold(1e9)
    await throttle.wait_for_rate()

    assert 7.0 == after_first
    assert 7.0 + LONGEST_HOLD == clock.time - begun
