"""Runs under random answers: they end, account for every row, and respect Retry-After and the rate."""

import asyncio
from collections.abc import Callable
from itertools import cycle, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from paycombat_async import AsyncPayCombat, Disconnected, UpdateCustomer
from paycombat_async.batch import BatchReport, sync_customers
from paycombat_async.limiters.block import LATENESS_S
from tests.batch.provider import Answer, Provider, refused, updated
from tests.batch.stepped_clock import SteppedClock
from tests.conftest import SIGNATURE_KEY, TOKEN
from tests.processes import PATIENCE_S

HOLD = 3.0
FINE = "fine"
HELD = "held"
LATER = "later"
ANSWERS: dict[str, Callable[[str], Answer]] = {
    FINE: updated,
    HELD: lambda _: refused(429, retry_after=str(int(HOLD))),
    LATER: lambda _: refused(503, retry_after=str(int(HOLD))),
    "busy": lambda _: refused(429),
    "down": lambda _: refused(500),
    "gone": lambda _: refused(404),
    "cut": lambda _: Disconnected("the connection broke"),
}


class Conditions:
    """A provider that cycles through kinds of answers, and records when calls began and when it asked to wait."""

    def __init__(self, kinds: list[str]) -> None:
        self.clock = SteppedClock()
        self.provider = Provider(self._answer)
        self.starts: list[float] = []
        self.last: dict[str, str] = {}
        self._kinds = cycle(kinds)
        self._asked: list[float] = []

    def _answer(self, customer: str, _: int) -> Answer:
        kind = self.last[customer] = next(self._kinds)
        self.starts.append(self.clock.time)
        if kind in {HELD, LATER}:
            self._asked.append(self.clock.time)
        return ANSWERS[kind](customer)

    def pressed(self) -> list[float]:
        """Start times of calls that began during a Retry-After."""
        return [start for start in self.starts for asked in self._asked if asked < start < asked + HOLD]


async def carried_out(
    conditions: Conditions, rows: int, concurrency: int, rate: float | None, retries: int
) -> BatchReport:
    client = AsyncPayCombat(
        token=TOKEN,
        signature_key=SIGNATURE_KEY,
        transport=conditions.provider,
        clock=conditions.clock,
        max_retries=retries,
    )
    updates = [UpdateCustomer(customer_id=f"c{number}", description="x") for number in range(rows)]
    stepping = asyncio.create_task(conditions.clock.step())
    async with client, asyncio.timeout(PATIENCE_S):
        report = await sync_customers(client, updates, concurrency=concurrency, rate=rate)
    stepping.cancel()
    return report


@settings(max_examples=100)
@given(
    kinds=st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=12),
    rows=st.integers(1, 12),
    concurrency=st.integers(1, 8),
    rate=st.sampled_from([None, 0.25, 4.0]),
    retries=st.integers(0, 2),
)
def test_a_run_ends_with_every_row_accounted_for(
    kinds: list[str], rows: int, concurrency: int, rate: float | None, retries: int
) -> None:
    """Updated rows got a success last, no call begins during a Retry-After, and no attempt exceeds the rate."""
    conditions = Conditions(kinds)

    report = asyncio.run(carried_out(conditions, rows, concurrency, rate, retries))

    assert rows == report.rows == report.updated + report.failed + report.unknown + report.pending
    assert report.updated == list(conditions.last.values()).count(FINE)
    assert bool(report.pending) <= bool(report.stopped)
    assert retries or [] == conditions.pressed()
    assert rate is None or all(
        later - earlier > 0.99 / rate - LATENESS_S for earlier, later in pairwise(conditions.starts)
    )
