"""The rate of a batch: each attempt counts, and no call fails because it waits for its turn."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from paycombat_async import AsyncPayCombat, Call, ConnectFailed, StoreFailed, UpdateCustomer
from paycombat_async.batch import sync_customers
from paycombat_async.limiters import Limiter, LocalLimiter
from paycombat_async.limiters.block import LATENESS_S
from paycombat_async.testing import FakeClock
from tests.batch.provider import Answer, Provider, refused, updated
from tests.batch.stepped_clock import SteppedClock
from tests.conftest import SIGNATURE_KEY, TOKEN
from tests.processes import PATIENCE_S

ROWS = 30


def client_of(
    provider: Provider,
    clock: FakeClock,
    limiter: Limiter | None = None,
    on_call: Callable[[Call], None] | None = None,
) -> AsyncPayCombat:
    return AsyncPayCombat(
        token=TOKEN,
        signature_key=SIGNATURE_KEY,
        transport=provider,
        clock=clock,
        timeout=5.0,
        limiter=limiter,
        on_call=on_call,
    )


def updates() -> list[UpdateCustomer]:
    return [UpdateCustomer(customer_id=f"c{number}", description="x") for number in range(ROWS)]


async def test_retries_count_towards_the_rate() -> None:
    """Each call needs two attempts, and all sixty are as far apart as the rate requires."""
    clock, starts = SteppedClock(), list[float]()

    def answer(customer: str, number: int) -> Answer:
        starts.append(clock.time)
        return updated(customer) if number > 1 else refused(503)

    stepping = asyncio.create_task(clock.step())
    async with client_of(Provider(answer), clock) as client, asyncio.timeout(PATIENCE_S):
        report = await sync_customers(client, updates(), rate=10.0)
    stepping.cancel()

    assert (ROWS, ROWS) == (report.updated, report.retried)
    assert 2 * ROWS == len(starts)
    assert all(later - earlier > 0.099 - LATENESS_S for earlier, later in pairwise(starts))
    assert starts[-1] - starts[0] >= (2 * ROWS - 1) / 10.0 - LATENESS_S


@pytest.mark.parametrize("is_clients_own", [False, True])
async def test_no_call_uses_up_its_time_while_rows_wait_for_their_turn(*, is_clients_own: bool) -> None:
    """At one call per second, the last of thirty concurrent rows waits six times the time-out of its call."""
    clock, calls = SteppedClock(), list[Call]()
    limiter = LocalLimiter(1.0, clock=clock) if is_clients_own else None
    rate = None if is_clients_own else 1.0

    stepping = asyncio.create_task(clock.step())
    async with client_of(Provider(), clock, limiter, calls.append) as client, asyncio.timeout(PATIENCE_S):
        report = await sync_customers(client, updates(), concurrency=ROWS, rate=rate)
    stepping.cancel()

    assert (ROWS, 0, 0) == (report.updated, report.retried, report.failed)
    assert [1] * ROWS == [call.attempts for call in calls]


class Failing:
    """A limiter whose database fails after some turns."""

    def __init__(self, turns: int) -> None:
        self.left = turns

    async def acquire(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise StoreFailed("the limiter in PostgreSQL cannot be reached")


async def test_a_limiter_that_fails_stops_the_run_and_blames_no_row() -> None:
    """The rows that were not sent stay pending."""
    provider, clock = Provider(), FakeClock()

    async with client_of(provider, clock, Failing(7)) as client:
        report = await sync_customers(client, updates(), concurrency=2)

    assert (7, 0, report.rows - 7) == (report.updated, report.failed, report.pending)
    assert "the limiter in PostgreSQL cannot be reached" == report.stopped
    assert 2 == report.exit_code


async def test_a_limiter_that_fails_before_a_retry_leaves_the_row_unknown() -> None:
    """Its first attempt may have been carried out, so it is neither pending nor failed."""
    clock = FakeClock()

    def answer(_: str, number: int) -> Answer:
        return refused(500) if number == 1 else ConnectFailed("no second attempt is expected")

    async with client_of(Provider(answer), clock, Failing(1)) as client:
        report = await sync_customers(client, updates()[:1])

    assert (0, 0, 1, 0) == (report.updated, report.failed, report.unknown, report.pending)
    assert "the limiter in PostgreSQL cannot be reached" == report.stopped
