"""Reads rows from whatever iterable the caller passes, no more of them than are asked for."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Iterable, Iterator
from itertools import count, islice
from typing import Final, TypeAlias

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async.batch.rows.file import FilePath, RowFile
from paycombat_async.batch.rows.row import BadRow, Given, Row, row_from_given

SLOW_S: Final = 0.005  # 32 rows take half a millisecond; if they take longer than this, they are slow to come


class RowReader(ABC):
    """Takes rows from where they come from."""

    @abstractmethod
    async def take(self, most: int) -> list[Row | BadRow]:
        """The next rows, at most so many; fewer if they are slow to come, but none only at the end.

        Raises what the caller's iterable raises.
        """

    async def aclose(self) -> None:  # noqa: B027  # most have nothing to close
        """Read no more."""


GivenRows: TypeAlias = RowFile | Iterable[Given] | AsyncIterable[Given] | RowReader
Rows: TypeAlias = FilePath | GivenRows


class RowIterator:
    """Makes rows of what an iterable contains, at once, since the caller may change an object after it was read.

    Those that do not come from a file are numbered from 1.
    """

    def __init__(self, rows: Iterable[Given]) -> None:
        self._rows = iter(rows)
        self._numbers = count(1)

    def next_rows(self, most: int) -> Iterator[Row | BadRow]:
        """Yields the next rows, at most so many: those that come within some milliseconds, and one if there is any."""
        begun = SYSTEM_CLOCK.monotonic()
        for given in islice(self._rows, most):
            yield row_from_given(next(self._numbers), given)
            if SYSTEM_CLOCK.monotonic() - begun > SLOW_S:
                return
