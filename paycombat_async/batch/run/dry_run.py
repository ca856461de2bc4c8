"""A dry run: every row is read and checked, nothing is sent or written."""

import asyncio
from collections.abc import Callable

from paycombat_async._clock import Clock
from paycombat_async.batch.journal.journal import Plan, temporary_journal
from paycombat_async.batch.report import BatchReport, Progress, Tally
from paycombat_async.batch.rows.chunks import Chunks
from paycombat_async.batch.rows.row import BadRow, Row


async def run_dry(
    chunks: Chunks, tally: Tally, clock: Clock, on_progress: Callable[[Progress], None] | None
) -> BatchReport:
    """The report of a dry run; its `pending` rows are those that would be sent."""
    begun = clock.monotonic()
    journal = temporary_journal()
    try:
        async for chunk in chunks:
            plans = iter(await asyncio.to_thread(journal.commit, [], [row for row in chunk if isinstance(row, Row)]))
            for row in chunk:
                tally.rows += 1
                plan = Plan(0) if isinstance(row, BadRow) else next(plans)
                reason = row.reason if isinstance(row, BadRow) else plan.refusal
                tally.unchanged += plan.skip
                if reason:
                    tally.failed += 1
                    tally.keep(row, reason)
            if on_progress is not None:
                on_progress(tally.progress(clock.monotonic() - begun))
    finally:
        journal.close([])
    return BatchReport.of(tally.progress(clock.monotonic() - begun), failures=tally.failures, dry_run=True)
