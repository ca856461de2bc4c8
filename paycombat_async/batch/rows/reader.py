"""Reads rows from the caller's iterable, and never more rows than are asked for."""

import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Iterable, Iterator
from itertools import count, islice
from typing import Final, TypeAlias

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async.batch.rows.file import FilePath, RowFile
from paycombat_async.batch.rows.row import BadRow, Given, Row, row_from_given
from paycombat_async.errors import ConfigurationError

# The longest time, in seconds, for which a reader waits for more rows of a slow input, before it returns the rows that
# it has. An ordinary file is faster: 32 of its rows take half a millisecond.
SLOW_S: Final = 0.005


class RowReader(ABC):
    """Reads the rows of an input in pieces. Each kind of input, such as an asynchronous iterable, has a subclass."""

    @abstractmethod
    async def take(self, most: int) -> list[Row | BadRow]:
        """Returns the next rows, at most `most`. Returns fewer if a slow input does not have them ready.

        Returns an empty list only at the end of the input. Raises any error that the caller's iterable raises.
        """

    async def aclose(self) -> None:  # noqa: B027  # most readers have nothing to close
        """Stops reading the input."""


GivenRows: TypeAlias = RowFile | Iterable[Given] | AsyncIterable[Given] | RowReader
Rows: TypeAlias = FilePath | GivenRows


def check_rows(rows: object) -> None:
    """Raises `ConfigurationError` if `rows` are neither a path nor a file nor an iterable. Bytes are no path here."""
    is_readable = isinstance(rows, os.PathLike | RowFile | Iterable | AsyncIterable | RowReader)
    if isinstance(rows, bytes) or not is_readable:
        raise ConfigurationError(f"rows takes the path of a file or an iterable, and not {type(rows).__name__}")


class RowIterator:
    """Turns each item of an iterable into a row as soon as the item is read, because the caller may change it later.

    Rows that do not come from a file are numbered from 1.
    """

    def __init__(self, rows: Iterable[Given]) -> None:
        self._rows = iter(rows)
        self._numbers = count(1)

    def next_rows(self, most: int) -> Iterator[Row | BadRow]:
        """Yields at most `most` rows. Stops earlier if `SLOW_S` (0.005) seconds have passed since the start."""
        begun = SYSTEM_CLOCK.monotonic()
        for given in islice(self._rows, most):
            yield row_from_given(next(self._numbers), given)
            if SYSTEM_CLOCK.monotonic() - begun > SLOW_S:
                return
