"""The interface through which a run records its rows and results."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from paycombat_async.batch.journal.journal import RowState
from paycombat_async.batch.report import Tally
from paycombat_async.batch.rows.row import BadRow, Row
from paycombat_async.batch.run.work_queue import Item


class Recorder(Protocol):
    """Records the rows and results of a run, in a file of this machine or in a database that many machines share.

    If nothing can be recorded any more, `plan`, `flush` and `settle` raise `ConfigurationError` or `StoreFailed`, and
    the run stops.
    """

    tally: Tally

    async def plan(self, chunk: list[Row | BadRow]) -> list[Item]:
        """Records that these rows are about to be sent, and returns the rows that must be sent."""
        ...

    async def until_many(self) -> None:
        """Waits until so many results are ready to be written that the caller should call `flush` at once."""
        ...

    async def flush(self) -> None:
        """Commits the waiting results, if there are any."""
        ...

    def take_lost(self) -> Callable[[int], bool] | None:
        """Returns a function that takes a row's number and says whether this machine has lost the row.

        This machine must not send a lost row any more, because another machine may have taken it. Returns None if no
        row was lost since the previous call.
        """
        ...

    def mark_unknown(self, number: int, row: Row, journal_reason: str, display_reason: str) -> None:
        """Records that a row may have been carried out and will be sent again."""
        ...

    def mark_done(self, number: int) -> None:
        """Records that a row was carried out."""
        ...

    def mark_interrupted(self, number: int, row: Row) -> None:
        """Records that the call of a row was cancelled, so that its outcome is unknown."""
        ...

    def settle(self, number: int, row: Row, state: RowState, *, journal_reason: str, display_reason: str) -> None:
        """Records the final state of a row whose call failed."""
        ...

    async def close(self) -> tuple[Path | None, str]:
        """Commits the waiting results. Returns the path of the failures file, and the message of a problem.

        The path is None if there is no failures file. The message is "" if there was no problem.
        """
        ...
