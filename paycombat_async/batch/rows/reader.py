"""Reads rows from whatever iterable the caller passes, and never more rows than are asked for."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Iterable, Iterator
from itertools import count, islice
from typing import Final, TypeAlias

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async.batch.rows.file import FilePath, RowFile
from paycombat_async.batch.rows.row import BadRow, Given, Row, row_from_given

SLOW_S: Final = 0.005  # a source that takes longer than this is slow; 32 rows of a file take half a millisecond


class RowReader(ABC):
    """Base class of objects that read rows from one kind of input."""

    @abstractmethod
    async def take(self, most: int) -> list[Row | BadRow]:
        """The next rows, at most `most`; fewer if the input is slow, and an empty list only at its end.

        Raises what the caller's iterable raises.
        """

    async def aclose(self) -> None:  # noqa: B027  # most readers have nothing to close
        """Read no more."""


GivenRows: TypeAlias = RowFile | Iterable[Given] | AsyncIterable[Given] | RowReader
Rows: TypeAlias = FilePath | GivenRows


class RowIterator:
    """Turns each item of an iterable into a row when it is read, since the caller may change the object later.

    Rows that do not come from a file are numbered from 1.
    """

    def __init__(self, rows: Iterable[Given]) -> None:
        self._rows = iter(rows)
        self._numbers = count(1)

    def next_rows(self, most: int) -> Iterator[Row | BadRow]:
        """Yields at most `most` rows; stops after the first that comes more than `SLOW_S` seconds after the start."""
        begun = SYSTEM_CLOCK.monotonic()
        for given in islice(self._rows, most):
            yield row_from_given(next(self._numbers), given)
            if SYSTEM_CLOCK.monotonic() - begun > SLOW_S:
                return
