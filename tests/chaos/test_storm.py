"""A provider that is down for a while must not be made worse by its clients: what 10 000 calls cost, second by second.

Time is simulated, so an outage of minutes takes none; once more over a real socket.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from paycombat_async import AsyncPayCombat, PayCombatError, RawReply
from paycombat_async._protocol.messages import Draft
from paycombat_async.errors import ConnectFailed, TimedOut
from paycombat_async.retry import RetryBucket
from tests.calls import payout
from tests.chaos.simulated_time import LoopClock, simulate
from tests.raw_server import RawServer, http

SEED = 8
CALLS = 10_000
RATE = 100  # calls begun per second
ANSWER = b'{"status": true, "data": {"customer_id": "customer_1"}}'
OVER_A_SOCKET = 1_000
MOST = 1.05  # attempts per call in a full outage


class Outage:
    """A transport whose provider is down from one second to another. Counts attempts by the second."""

    def __init__(self, down: Callable[[], RawReply], begin: float, end: float) -> None:
        self._down = down
        self._begin, self._end = begin, end
        self.attempts: Counter[int] = Counter()
        self.moments: list[float] = []

    async def send(self, draft: Draft, timeout: float) -> RawReply:
        now = asyncio.get_running_loop().time()
        self.attempts[int(now)] += 1
        self.moments.append(now)
        await asyncio.sleep(0.05)  # simulated
        return self._down() if self._begin <= now < self._end else RawReply(200, {}, ANSWER)


def status(number: int, **headers: str) -> Callable[[], RawReply]:
    return lambda: RawReply(number, headers, b"{}")


def refused() -> RawReply:
    raise ConnectFailed("refused")


def silent() -> RawReply:
    raise TimedOut("silent")


OUTAGES = {
    "connections refused": refused,
    "time-outs": silent,
    "500": status(500),
    "503": status(503),
    "429 with Retry-After": status(429, **{"retry-after": "2"}),
}


def client_in(outage: Outage) -> AsyncPayCombat:
    return AsyncPayCombat(
        token="snd_token", signature_key="snd_key", transport=outage, clock=LoopClock(Random(SEED)), timeout=30
    )


async def call_steadily(client: AsyncPayCombat, calls: int) -> Counter[str]:
    """So many calls, RATE in a second, each by a task of its own; what became of them."""
    ends: Counter[str] = Counter()

    async def call() -> None:
        try:
            await client.customers.retrieve("customer_1")
            ends["answered"] += 1
        except PayCombatError as error:
            ends[type(error).__name__] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(calls):
            group.create_task(call())
            await asyncio.sleep(1 / RATE)  # simulated
    return ends


def tokens(client: AsyncPayCombat) -> int:
    return client._engine.bucket.tokens


@pytest.mark.parametrize("down", OUTAGES.values(), ids=OUTAGES)
def test_a_full_outage_costs_hardly_more_than_the_calls(down, report):
    """Of 10 000 calls, whichever way the provider is down: at most 1.05 times the attempts."""
    outage = Outage(down, 0, float("inf"))

    ends = simulate(call_steadily(client_in(outage), CALLS))

    report(attempts=outage.attempts.total(), **ends)
    assert CALLS == ends.total()
    assert 0 == ends["answered"]
    assert CALLS < outage.attempts.total() <= MOST * CALLS


def test_money_calls_in_an_outage_cost_no_more(report):
    """What never left may be repeated, payouts too, but out of the same budget."""
    outage = Outage(refused, 0, float("inf"))

    async def pay() -> int:
        client = client_in(outage)
        failures = await asyncio.gather(
            *(client.payouts.create(payout(order_id=f"order-{n}")) for n in range(CALLS // 10)), return_exceptions=True
        )
        return sum(isinstance(failure, ConnectFailed) for failure in failures)

    failed = simulate(pay())

    report(calls=failed, attempts=outage.attempts.total())
    assert CALLS // 10 == failed
    assert failed < outage.attempts.total() <= MOST * failed


@pytest.mark.parametrize("seconds", [1, 20])
@pytest.mark.parametrize("down", OUTAGES.values(), ids=OUTAGES)
def test_recovery_is_no_stampede(down, seconds, report):
    """In no second are there many more attempts than calls, and soon after the outage all calls are answered again."""
    outage = Outage(down, 5, 5 + seconds)
    client = client_in(outage)

    ends = simulate(call_steadily(client, 40 * RATE))

    during = max(outage.attempts[second] for second in range(5, 5 + seconds))
    after = max(outage.attempts[second] for second in range(5 + seconds, 40))
    report(busiest_second_of_the_outage=during, busiest_second_after_it=after, **ends)
    assert 2 * RATE >= max(during, after)
    assert RATE == max(outage.attempts[second] for second in range(10 + seconds, 39))
    assert seconds * RATE >= ends.total() - ends["answered"]
    assert RetryBucket.CAPACITY == tokens(client)


def test_the_budget_comes_back_and_is_spent_once_more(report):
    """One token for each call that succeeds: after an outage single failures are retried again, a second outage not."""
    outage = Outage(status(500), 0, 10)
    client = client_in(outage)

    async def outage_then_sun() -> list[int]:
        left = []
        for calls in (10, 10, 2, 5):  # seconds; the last of them 7 after the outage
            await call_steadily(client, calls * RATE)
            left.append(tokens(client))
            outage._begin, outage._end = (0, 10) if len(left) < 3 else (0, float("inf"))
        return left

    left = simulate(outage_then_sun())

    report(tokens=left)
    assert left[0] < RetryBucket.COST
    assert RetryBucket.CAPACITY == left[1] == left[2]
    assert left[3] < RetryBucket.COST


@pytest.mark.parametrize(
    ("down", "earliest", "latest"),
    [(status(500), 0.0, 0.25), (status(503), 0.0, 1.0), (status(429, **{"retry-after": "5"}), 5.0, 6.0)],
    ids=["500", "503", "Retry-After"],
)
def test_what_failed_at_one_moment_is_not_repeated_at_one_moment(down, earliest, latest, report):
    """100 calls fail together; their first retries are spread over the whole of the wait that is allowed."""
    outage = Outage(down, 0, 0.01)
    clients = [client_in(outage) for _ in range(4)]
    random = LoopClock(Random(SEED))
    for client in clients:
        client._engine.clock.random = random.random  # four processes draw different numbers

    async def herd() -> None:
        await asyncio.gather(*(clients[n % 4].customers.retrieve("customer_1") for n in range(100)))

    simulate(herd())

    waits = [moment - 0.05 for moment in outage.moments[100:]]
    share = (latest - earliest) / 10
    tenths = Counter(int((wait - earliest) / share) for wait in waits)
    report(retries=len(waits), tenths=[tenths[tenth] for tenth in range(10)])
    assert 100 == len(waits)
    assert earliest <= min(waits)
    assert latest > max(waits)
    assert 20 >= max(tenths.values())
    assert set(range(10)) == set(tenths)


async def test_an_outage_over_a_real_socket_costs_no_more(report):
    """1 000 calls, half of them answered 500 and half of them cut off, at most 1.05 times as many requests."""
    seen = 0

    async def script(_reader, writer, _arrived) -> bool:
        nonlocal seen
        seen += 1
        if seen % 2:
            writer.write(http(500, b"{}"))
        await writer.drain()
        return bool(seen % 2)

    class Impatient(LoopClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(0)

    async with RawServer(script) as server:
        client = AsyncPayCombat(
            token="snd_token", signature_key="snd_key", base_url=server.base_url, clock=Impatient(Random(SEED))
        )
        failures: list[object] = []
        for _ in range(OVER_A_SOCKET // 50):
            failures += await asyncio.gather(
                *(client.customers.retrieve("customer_1") for _ in range(50)), return_exceptions=True
            )
        await client.aclose()

    report(calls=len(failures), requests=seen)
    assert OVER_A_SOCKET == sum(isinstance(failure, PayCombatError) for failure in failures)
    assert OVER_A_SOCKET < seen <= MOST * OVER_A_SOCKET
