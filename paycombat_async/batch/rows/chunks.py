"""Rows in windows: whatever the caller hands in, some at a time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from itertools import count, islice
from typing import TypeAlias

from paycombat_async.batch.rows.file import GivenRows
from paycombat_async.batch.rows.row import BadRow, Given, Row, row_from_request
from paycombat_async.schemas.customers import UpdateCustomer

Windows: TypeAlias = AsyncGenerator[list[Row | BadRow], None]

_AT_ONCE = 32  # rows: read in half a millisecond, for which everything else in the loop has to wait


async def windows_of(rows: GivenRows, size: int) -> Windows:
    """The rows, `size` at a time; rows that come from no file are numbered from 1."""
    numbers = count(1)
    if not isinstance(rows, AsyncIterable):
        iterator = iter(rows)
        while some := await _window(iterator, numbers, size):
            yield some
        return
    window: list[Row | BadRow] = []
    async for given in rows:
        window.append(_row(next(numbers), given))
        if len(window) % _AT_ONCE == 0:
            await _let_others_go_first()
        if len(window) == size:
            yield window
            window = []
    if window:
        yield window


async def _window(iterator: Iterator[Given], numbers: Iterator[int], size: int) -> list[Row | BadRow]:
    window: list[Row | BadRow] = []
    for _ in range(0, size, _AT_ONCE):
        window += [_row(next(numbers), given) for given in islice(iterator, _AT_ONCE)]
        await _let_others_go_first()
    return window


async def _let_others_go_first() -> None:
    await asyncio.sleep(0)  # noqa: TID251  # no waiting: it returns once everybody has had a turn


def _row(number: int, given: object) -> Row | BadRow:
    if isinstance(given, UpdateCustomer):
        return row_from_request(number, given)
    if isinstance(given, Row | BadRow):
        return given
    return BadRow(number, f"expected an UpdateCustomer, got {type(given).__name__}")
