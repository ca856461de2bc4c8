"""Rows in chunks: whatever the caller hands in, some at a time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from itertools import count, islice
from typing import TypeAlias

from paycombat_async.batch.rows.file import GivenRows
from paycombat_async.batch.rows.row import BadRow, Given, Row, row_from_request
from paycombat_async.schemas.customers import UpdateCustomer

Chunks: TypeAlias = AsyncGenerator[list[Row | BadRow], None]

_ROWS_PER_TURN = 32  # rows: read in half a millisecond, for which everything else in the loop has to wait


async def chunks_of(rows: GivenRows, size: int) -> Chunks:
    """The rows, `size` at a time; rows that come from no file are numbered from 1."""
    numbers = count(1)
    if not isinstance(rows, AsyncIterable):
        iterator = iter(rows)
        while some := await _chunk(iterator, numbers, size):
            yield some
        return
    chunk: list[Row | BadRow] = []
    async for given in rows:
        chunk.append(_row(next(numbers), given))
        if len(chunk) % _ROWS_PER_TURN == 0:
            await _yield_to_loop()
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def _chunk(iterator: Iterator[Given], numbers: Iterator[int], size: int) -> list[Row | BadRow]:
    chunk: list[Row | BadRow] = []
    for _ in range(0, size, _ROWS_PER_TURN):
        chunk += [_row(next(numbers), given) for given in islice(iterator, _ROWS_PER_TURN)]
        await _yield_to_loop()
    return chunk


async def _yield_to_loop() -> None:
    await asyncio.sleep(0)  # noqa: TID251  # no waiting: it returns once everybody has had a turn


def _row(number: int, given: object) -> Row | BadRow:
    if isinstance(given, UpdateCustomer):
        return row_from_request(number, given)
    if isinstance(given, Row | BadRow):
        return given
    return BadRow(number, f"expected an UpdateCustomer, got {type(given).__name__}")
