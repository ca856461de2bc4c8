"""A dry run: every row is read and checked, and nothing is sent or written."""

import asyncio
from collections.abc import Callable
from typing import Final

from paycombat_async._clock import Clock
from paycombat_async.batch.journal.journal import Journal, temporary_journal
from paycombat_async.batch.journal.preview import JournalPreview
from paycombat_async.batch.report import BatchReport, Progress, Tally
from paycombat_async.batch.rows.reader import RowReader
from paycombat_async.batch.rows.row import BadRow, Row

_CHUNK: Final = 512  # rows checked at a time


class DryRun:
    """Reads and checks all rows, and counts the rows that a run would send. Nothing is sent or written."""

    def __init__(self, tally: Tally, preview: JournalPreview | None, on_row: Callable[[Row], None] | None) -> None:
        """`preview` says which rows earlier runs have done; it is None if there is no journal.

        `on_row` is called with each row that would be sent.
        """
        self._tally = tally
        self._preview = preview
        self._on_row = on_row

    async def execute(
        self, reader: RowReader, clock: Clock, on_progress: Callable[[Progress], None] | None
    ) -> BatchReport:
        """Checks all rows of `reader` and returns the report, in which the rows that would be sent are `pending`.

        `on_progress` is called after each chunk of at most 512 rows. The reader and the preview are closed at the end.
        """
        begun, tally = clock.monotonic(), self._tally
        journal = temporary_journal()
        try:
            while chunk := await reader.take(_CHUNK):
                await asyncio.to_thread(self._count, chunk, journal)
                if on_progress is not None:
                    on_progress(tally.progress(clock.monotonic() - begun))
        finally:
            await reader.aclose()
            journal.close([])
            if self._preview is not None:
                self._preview.close()
        progress = tally.progress(clock.monotonic() - begun)
        return BatchReport.of(
            progress,
            failures=tally.failures,
            warnings=tally.warnings,
            dry_run=True,
        )

    def _count(self, chunk: list[Row | BadRow], journal: Journal) -> None:
        tally = self._tally
        tally.rows += len(chunk)
        rows = [row for row in chunk if isinstance(row, Row) and not row.changes_nothing]
        skips = [False] * len(rows) if self._preview is None else self._preview.skips(rows)
        steps = iter(zip(journal.commit([], rows), skips, strict=True))
        for row in chunk:
            if isinstance(row, BadRow):
                self._fail(row, row.reason)
            elif row.changes_nothing:
                tally.unchanged += 1
            else:
                plan, is_done = next(steps)
                if plan.refusal:
                    self._fail(row, plan.refusal)
                elif plan.skip or is_done:
                    tally.unchanged += 1
                else:
                    self._send(row)

    def _fail(self, row: Row | BadRow, reason: str) -> None:
        self._tally.failed += 1
        self._tally.keep(row, reason)

    def _send(self, row: Row) -> None:
        if row.damage:
            self._tally.warn(row)
        if self._on_row is not None:
            self._on_row(row)
