"""Records a run: its counts, its failures file and its journal. The journal is written in a separate thread."""

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

# As soon as this many results wait, they are written to the journal. If the process is killed before they are written,
# the waiting results are lost, and their rows are sent again. At full speed the journal is written after every 256 rows
# anyway, so a number below 256 would double the number of commits.
_COMMIT_RESULTS: Final = 300
# The enum member is read only once. Reading it for each row would take as long as all other steps of recording a row.
_DONE: Final = RowState.DONE


class RunRecorder:
    """Counts rows, lists failed rows, and keeps results until the next commit of the journal.

    A commit writes the waiting results, and the rows that are sent next. Commits run in a separate thread.
    """

    def __init__(self, journal: Journal, failures: FailuresFile | None, tally: Tally) -> None:
        self._journal = journal
        self._failures = failures
        self._thread = ThreadPoolExecutor(1, "paycombat-journal")
        self._results: list[Result] = []
        # Rows that will be sent again although an earlier call may have carried them out. The keys are the numbers of
        # the rows, and each value is the row with the reason.
        self._doubtful: dict[int, tuple[Row, str]] = {}
        self._are_many = asyncio.Event()
        self._many = _COMMIT_RESULTS if journal.is_lasting else sys.maxsize
        self.tally = tally

    async def plan(self, chunk: list[Row | BadRow]) -> list[Item]:
        """Counts these rows, and returns the rows that must be sent, after recording that they are about to be sent.

        Rows that are bad, unchanged or repeated are counted and not returned. Results that were waiting are committed,
        too. Raises `ConfigurationError` if the journal or the failures file cannot be written.
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
        """Waits until `_COMMIT_RESULTS` (300) results are ready to be written to the journal.

        Waits forever if the journal is temporary, because results in a temporary journal need not survive a crash.
        """
        self._are_many.clear()
        if len(self._results) < self._many:
            await self._are_many.wait()

    async def flush(self) -> None:
        """Commits the waiting results, if any. Raises `ConfigurationError` if the journal cannot be written."""
        if self._results:
            await self._commit([])

    async def _commit(self, rows: list[Row]) -> list[Plan]:
        results, self._results = self._results, []
        loop = asyncio.get_running_loop()
        commit = loop.run_in_executor(self._thread, self._journal.commit, results, rows)
        # The callback reads the exception of the commit. If the run is cancelled meanwhile, no other code reads the
        # exception, and asyncio would log it.
        commit.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(commit)  # a cancellation must not lose the results of a commit under way
        except ConfigurationError:
            self._results = results + self._results
            raise

    def mark_unknown(self, number: int, row: Row, journal_reason: str, display_reason: str) -> None:
        """Records that a row may have been carried out and will be sent again.

        The row stays unknown until a call carries it out. If the row is refused later, or is not sent again before
        `close`, the report counts it as unknown.
        """
        self._add(Result(number, RowState.UNKNOWN, journal_reason))
        self._doubtful[number] = row, display_reason

    def mark_done(self, number: int) -> None:
        """Records that the row with this number was carried out, and counts it."""
        self._add(Result(number, _DONE, ""))
        self.tally.updated += 1
        if self._doubtful:
            self._doubtful.pop(number, None)

    def mark_interrupted(self, number: int, row: Row) -> None:
        """Records that the call of a row was cancelled, so that its outcome is unknown.

        Raises `ConfigurationError` if the failures file cannot be written.
        """
        reason = "interrupted while the call was under way"
        self.settle(number, row, RowState.UNKNOWN, journal_reason="interrupted", display_reason=reason)

    def settle(self, number: int, row: Row, state: RowState, *, journal_reason: str, display_reason: str) -> None:
        """Records the final state of a row whose call failed, and counts the row.

        `journal_reason` is written to the journal, `display_reason` to the report and the failures file. If an earlier
        call for the row had an unknown outcome (see `mark_unknown`), a failed row is recorded as unknown, because the
        earlier call may have carried it out. Raises `ConfigurationError` if the failures file cannot be written.
        """
        is_doubtful = self._doubtful.pop(number, None) is not None
        if is_doubtful and state is RowState.FAILED:
            state = RowState.UNKNOWN
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

    def _list_doubtful(self) -> None:
        """Counts the rows in `_doubtful` as unknown, and adds them to the report and the failures file.

        These rows should have been sent again, but the run has ended before. Writes nothing to the journal, because
        `mark_unknown` has already recorded there that the rows are unknown.
        """
        doubtful, self._doubtful = self._doubtful, {}
        self.tally.unknown += len(doubtful)
        for row, reason in doubtful.values():
            self._list(row, reason)

    def _list(self, row: Row | BadRow, reason: str) -> None:
        self.tally.keep(row, reason)
        if self._failures is not None:
            self._failures.add(row, reason)

    def take_lost(self) -> None:
        """Returns None, because no other machine can take rows of this journal."""

    async def close(self) -> tuple[Path | None, str]:
        """Commits the waiting results, and closes the journal and the failures file.

        Returns the path of the failures file and a message. The path is None if no failures file was written. The
        message says which file could not be written, or is "" if there was no error. Blocks the event loop for some
        milliseconds, so that no cancellation can interrupt this method.
        """
        where, problem = None, ""
        left = self._journal.failures_left
        try:
            self._list_doubtful()
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
