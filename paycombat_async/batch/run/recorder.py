"""What a run records: counts, the failures file, and the journal, which is written in a separate thread."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from paycombat_async.batch.failures_file import FailuresFile
from paycombat_async.batch.journal.journal import Journal, Plan, Result, RowState
from paycombat_async.batch.report import Tally
from paycombat_async.batch.rows.row import BadRow, Row
from paycombat_async.batch.run.work_queue import Item
from paycombat_async.errors import ConfigurationError

# The most results that wait for a commit. A kill loses them, and their rows are sent again. At full speed there is a
# commit for every 256 rows that are read anyway; a number below that would double the commits.
_COMMIT_RESULTS: Final = 300
_DONE: Final = RowState.DONE  # read once: reading an enum member costs as much as all else that is recorded per row


class RunRecorder:
    """Keeps the results of rows until the journal's next commit, which also records the rows to be sent next."""

    def __init__(self, journal: Journal, failures: FailuresFile | None, tally: Tally) -> None:
        self._journal = journal
        self._failures = failures
        self._thread = ThreadPoolExecutor(1, "paycombat-journal")
        self._results: list[Result] = []
        self._are_many = asyncio.Event()
        self._many = _COMMIT_RESULTS if journal.is_lasting else sys.maxsize
        self.tally = tally

    async def plan(self, chunk: list[Row | BadRow]) -> list[Item]:
        """Count these rows, commit the intent to send them, and return those to be sent.

        Raises `ConfigurationError` if the journal or the failures file cannot be written.
        """
        self.tally.rows += len(chunk)
        rows: list[Row] = []
        for row in chunk:
            if isinstance(row, BadRow):
                self._fail(row, row.reason)
            elif row.changes_nothing:
                self.tally.unchanged += 1
            else:
                rows.append(row)
        items: list[Item] = []
        for row, plan in zip(rows, await self._commit(rows), strict=True):
            if plan.skip:
                self.tally.unchanged += 1
            elif plan.first_line:
                self._fail(row, plan.refusal)
            else:
                if row.damage:
                    self.tally.warn(row)
                items.append(Item(row, plan.number))
        return items

    async def until_many(self) -> None:
        """Wait until there are `_COMMIT_RESULTS` results without a commit; for ever if the journal is temporary."""
        self._are_many.clear()
        if len(self._results) < self._many:
            await self._are_many.wait()

    async def flush(self) -> None:
        """Commit pending results, if there are any. Raises `ConfigurationError` if the journal cannot be written."""
        if self._results:
            await self._commit([])

    async def _commit(self, rows: list[Row]) -> list[Plan]:
        results, self._results = self._results, []
        loop = asyncio.get_running_loop()
        commit = loop.run_in_executor(self._thread, self._journal.commit, results, rows)
        # Reads the commit's exception: if the run is cancelled meanwhile, no other code does, and asyncio would log it.
        commit.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(commit)  # a cancellation must not lose the results of a commit under way
        except ConfigurationError:
            self._results = results + self._results
            raise

    def mark_unknown(self, number: int) -> None:
        """Record that the row with this number may have been carried out and will be sent again."""
        self._add(Result(number, RowState.UNKNOWN, "in doubt"))

    def mark_done(self, number: int) -> None:
        """Record that the row with this number was carried out."""
        self._add(Result(number, _DONE, ""))
        self.tally.updated += 1

    def settle(self, number: int, row: Row, state: RowState, *, journal_reason: str, display_reason: str) -> None:
        """Record the final state of a row whose call failed: `journal_reason` in the journal, `display_reason` in the
        report and the failures file. Raises `ConfigurationError` if the failures file cannot be written.
        """
        self._add(Result(number, state, journal_reason))
        if state is RowState.DONE:
            self.tally.updated += 1
        elif state is RowState.UNKNOWN:
            self.tally.unknown += 1
            self._list(row, display_reason)
        else:
            self._fail(row, display_reason)

    def _add(self, result: Result) -> None:
        self._results.append(result)
        if len(self._results) == self._many:
            self._are_many.set()

    def _fail(self, row: Row | BadRow, reason: str) -> None:
        self.tally.failed += 1
        self._list(row, reason)

    def _list(self, row: Row | BadRow, reason: str) -> None:
        self.tally.keep(row, reason)
        if self._failures is not None:
            self._failures.add(row, reason)

    def close(self) -> tuple[Path | None, str]:
        """Commit pending results and close both files. Returns the path of the failures file (None if no row
        failed), and the message of an error with either file ("" if there was none).

        Blocks the loop for some milliseconds, so that no cancellation can interrupt it.
        """
        where, problem = None, ""
        left = self._journal.failures_left
        try:
            if self._failures is not None:
                where = self._failures.close()
                left = self._failures.digest
        except ConfigurationError as error:
            problem = str(error)
        try:
            self._thread.submit(self._journal.close, self._results, left).result()
        except ConfigurationError as error:
            problem = str(error)
        self._thread.shutdown()
        return where, problem
