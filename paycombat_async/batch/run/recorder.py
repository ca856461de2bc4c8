"""What a run writes down: counts, the failures file, and the journal, whose commits happen in a thread of their own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from paycombat_async.batch.failures_file import FailuresFile
from paycombat_async.batch.journal.journal import Journal, Plan, Result, RowState
from paycombat_async.batch.report import Tally
from paycombat_async.batch.rows.row import BadRow, Row
from paycombat_async.errors import ConfigurationError

_DONE: Final = RowState.DONE  # a look into an enum costs as much as all else that is noted of a row


class RunRecorder:
    """Results wait here for the next commit, which takes them along with the rows to be sent next."""

    def __init__(self, journal: Journal, failures: FailuresFile | None, tally: Tally) -> None:
        self._journal = journal
        self._failures = failures
        self._thread = ThreadPoolExecutor(1, "paycombat-journal")
        self._results: list[Result] = []
        self.tally = tally

    async def commit(self, rows: list[Row]) -> list[Plan]:
        """Commit the results that wait, and the intent to send these rows. Raises `ConfigurationError`."""
        results, self._results = self._results, []
        loop = asyncio.get_running_loop()
        commit = loop.run_in_executor(self._thread, self._journal.commit, results, rows)
        commit.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(commit)  # a commit that was begun is not to be lost with its results
        except ConfigurationError:
            self._results = results + self._results
            raise

    async def flush(self) -> None:
        """Commit the results that wait, if any. Raises `ConfigurationError`."""
        if self._results:
            await self.commit([])

    def mark_unknown(self, number: int) -> None:
        """Note that a row may have been carried out, but is to be sent again."""
        self._results.append(Result(number, RowState.UNKNOWN, "in doubt"))

    def mark_done(self, number: int) -> None:
        """Note that a row was carried out."""
        self._results.append(Result(number, _DONE, ""))
        self.tally.updated += 1

    def settle(self, number: int, row: Row, state: RowState, *, journal_reason: str, display_reason: str) -> None:
        """Note what became of a row that met an error; `journal_reason` goes to the journal, `display_reason` to the
        failures file.
        """
        self._results.append(Result(number, state, journal_reason))
        if state is RowState.DONE:
            self.tally.updated += 1
        elif state is RowState.UNKNOWN:
            self.tally.unknown += 1
            self._list(row, display_reason)
        else:
            self.refuse(row, display_reason)

    def refuse(self, row: Row | BadRow, reason: str) -> None:
        """Note that a row failed."""
        self.tally.failed += 1
        self._list(row, reason)

    def _list(self, row: Row | BadRow, reason: str) -> None:
        self.tally.keep(row, reason)
        if self._failures is not None:
            self._failures.add(row, reason)

    def close(self) -> tuple[Path | None, str]:
        """Bring all to its end; says where the failures are, and what went wrong with either file, if anything did.

        It blocks for some milliseconds, so that no cancellation cuts it short.
        """
        problem = ""
        try:
            self._thread.submit(self._journal.close, self._results).result()
        except ConfigurationError as error:
            problem = str(error)
        self._thread.shutdown()
        try:
            return (None if self._failures is None else self._failures.close()), problem
        except ConfigurationError as error:
            return None, problem or str(error)
