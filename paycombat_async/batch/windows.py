"""Rows in windows: whatever the caller hands in, some at a time."""

import os
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from itertools import count, islice
from typing import TypeAlias

from paycombat_async.batch.row_file import RowFile
from paycombat_async.batch.rows import BadRow, Row, row_from_request
from paycombat_async.schemas.customers import UpdateCustomer

Given: TypeAlias = UpdateCustomer | Row | BadRow
GivenRows: TypeAlias = RowFile | Iterable[Given] | AsyncIterable[Given]
Rows: TypeAlias = str | os.PathLike[str] | GivenRows
Windows: TypeAlias = AsyncGenerator[list[Row | BadRow], None]


async def windows_of(rows: GivenRows, size: int) -> Windows:
    """The rows, `size` at a time; rows that come from no file are numbered from 1."""
    numbers = count(1)
    if not isinstance(rows, AsyncIterable):
        iterator = iter(rows)
        while some := [_row(next(numbers), given) for given in islice(iterator, size)]:
            yield some
        return
    window: list[Row | BadRow] = []
    async for given in rows:
        window.append(_row(next(numbers), given))
        if len(window) == size:
            yield window
            window = []
    if window:
        yield window


def _row(number: int, given: object) -> Row | BadRow:
    if isinstance(given, UpdateCustomer):
        return row_from_request(number, given)
    if isinstance(given, Row | BadRow):
        return given
    return BadRow(number, f"expected an UpdateCustomer, got {type(given).__name__}")
