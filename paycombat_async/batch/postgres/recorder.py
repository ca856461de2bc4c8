"""Reads the rows of the chunks that a process takes, and records their results in the database."""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from paycombat_async._clock import Clock
from paycombat_async.batch.journal.journal import RowState
from paycombat_async.batch.postgres.claims import ClaimedRow, Claims, RowResult
from paycombat_async.batch.postgres.outage import PAUSE_S, Outage, outlast
from paycombat_async.batch.report import Tally
from paycombat_async.batch.rows.reader import RowReader
from paycombat_async.batch.rows.row import BadRow, Row
from paycombat_async.batch.run.throttle import Throttle
from paycombat_async.batch.run.work_queue import Item
from paycombat_async.errors import StoreFailed
from paycombat_async.webhooks.inboxes.holding import finish

# As soon as this number of results is waiting, they are written to the database. A smaller number is written after a
# quarter of a second. If the process is killed, the waiting results are lost, and their rows are sent again.
COMMIT_RESULTS: Final = 250
# After the lease of a chunk has ended, no API call starts for this number of seconds. Meanwhile the process asks the
# database whether another process has taken the chunk. One attempt to reach the database may take up to this number of
# seconds.
_HOLD_S: Final = 10.0


class ClaimReader(RowReader):
    """Reads the rows of free chunks, one chunk after another, until no chunk is free."""

    def __init__(self, claims: Claims, clock: Clock) -> None:
        self._claims = claims
        self._clock = clock
        self._rows: deque[ClaimedRow] = deque()

    async def take(self, most: int) -> list[Row | BadRow]:
        if not self._rows:
            # `finish` waits for the answer of the database even if the run is cancelled meanwhile. Without the answer,
            # this process would not know which chunk of rows it has taken, and could not give the chunk back.
            claimed = await finish(outlast(self._claims.claim, self._clock))
            self._rows.extend(claimed or [])
        return [self._rows.popleft() for _ in range(min(most, len(self._rows)))]


class ClaimRecorder:
    """Records in the database the results of the rows that this process has taken from a run of many machines."""

    def __init__(self, claims: Claims, tally: Tally, throttle: Throttle, clock: Clock) -> None:
        """`tally` counts the rows of this process.

        `throttle` pauses its calls when the lease of one of its chunks is over.
        """
        self.tally = tally
        self._claims = claims
        self._throttle = throttle
        self._outage = Outage(clock)
        self._clock = clock
        self._results: list[RowResult] = []
        self._chunks: dict[int, int] = {}  # the chunk of each row without a result, by the row's number
        self._doubtful: set[int] = set()  # rows that may have been carried out and have no result
        self._told = (tally.retried, tally.throttled)  # the values of these two counts in the database
        self._are_many = asyncio.Event()
        self._committing = asyncio.Lock()

    async def plan(self, chunk: list[Row | BadRow]) -> list[Item]:
        """Returns the rows that this process must send: those whose chunk still belongs to this process.

        Records nothing, because the database has recorded the rows when their chunk was taken.
        """
        rows = [row for row in chunk if isinstance(row, ClaimedRow) and self._claims.holds(row.chunk)]
        self._chunks.update((row.number, row.chunk) for row in rows)
        items = [Item(row, row.number) for row in rows]
        self.tally.rows += len(items)
        return items

    async def until_many(self) -> None:
        """Waits until `COMMIT_RESULTS` (250) results are ready to be written to the database."""
        self._are_many.clear()
        if len(self._results) < COMMIT_RESULTS:
            await self._are_many.wait()

    async def flush(self) -> None:
        """Commits the waiting results, and renews leases. If the database fails, the results wait for the next call.

        If the lease of a chunk of rows is over, no API call starts for 10 seconds, because a different process may have
        taken the chunk. Raises `StoreFailed` if the database has failed for a minute.
        """
        if self._claims.is_late():
            self._throttle.hold(_HOLD_S)
        try:
            await self._commit()
        except StoreFailed as error:
            self._outage.failed(error)
            await self._clock.sleep(PAUSE_S)  # without a pause, a run with many waiting results would retry immediately
        else:
            self._outage.ended()

    async def _commit(self) -> None:
        async with self._committing:
            results, self._results = self._results, []
            told, (retried, throttled) = self._told, (self.tally.retried, self.tally.throttled)
            is_written = False
            try:
                await self._claims.commit(results, retried=retried - told[0], throttled=throttled - told[1])
                is_written = True
            finally:  # after an error or a cancellation, the results stay, to be committed again
                if not is_written:
                    self._results = results + self._results
                elif results:
                    self._told = (retried, throttled)

    def take_lost(self) -> Callable[[int], bool] | None:
        """Returns a function that takes a row's number and says whether this process has lost the row's chunk.

        A chunk (a group of rows) is lost if another process has taken it over after its lease ended. Counts only chunks
        that were lost since the last call of `take_lost`. Returns None if there are none.
        """
        is_lost = self._claims.take_lost()
        if is_lost is None:
            return None
        rows = {number for number, chunk in self._chunks.items() if is_lost(chunk)}
        return rows.__contains__

    def mark_unknown(self, number: int, row: Row, journal_reason: str, display_reason: str) -> None:
        """Notes that a row may have been carried out and will be sent again.

        If the row fails when it is sent again, `settle` records its outcome as unknown.
        """
        del row, journal_reason, display_reason
        self._doubtful.add(number)

    def mark_interrupted(self, number: int, row: Row) -> None:
        """Records that the call of a row was cancelled. The row has no result, so a process will send it again."""
        del row
        self._doubtful.add(number)

    def mark_done(self, number: int) -> None:
        """Records that the row with this number was carried out."""
        self._doubtful.discard(number)
        self.tally.updated += 1
        self._add(number, RowState.DONE, "")

    def settle(self, number: int, row: Row, state: RowState, *, journal_reason: str, display_reason: str) -> None:
        """Records the final state of a row whose call failed, with `display_reason`.

        If an earlier call for the row had an unknown outcome (see `mark_unknown`), a failed row is recorded as unknown,
        because the earlier call may have carried it out.
        """
        del row, journal_reason
        if number in self._doubtful and state is RowState.FAILED:
            state = RowState.UNKNOWN
        self._doubtful.discard(number)
        self._add(number, state, display_reason)

    def _add(self, number: int, state: RowState, reason: str) -> None:
        chunk = self._chunks.pop(number)
        self._results.append(RowResult(number, chunk, state.value, reason.encode() if reason else None))
        if len(self._results) >= COMMIT_RESULTS:
            self._are_many.set()

    @property
    def doubtful(self) -> int:
        """The number of rows that may have been carried out and have no result."""
        return len(self._doubtful)

    async def close(self) -> tuple[Path | None, str]:
        """Commits the waiting results, and gives the chunks back.

        Returns a path and a message. The path is always None, because this class writes no failures file. The message
        is that of an error of the database, or "" if there was no error. If the caller is cancelled meanwhile, the work
        goes on for 15 seconds at most.
        """
        problem = ""
        try:
            await finish(self._close())
        except StoreFailed as error:
            problem = str(error)
        return None, problem

    async def _close(self) -> None:
        await self._commit()
        await self._claims.release()
