"""Rows in chunks, from whatever iterable the caller passes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from itertools import count, islice
from typing import TypeAlias

from paycombat_async.batch.rows.file import GivenRows
from paycombat_async.batch.rows.row import BadRow, Row, row_from_given

Chunks: TypeAlias = AsyncGenerator[list[Row | BadRow], None]

_ROWS_PER_TURN = 32  # rows read before other tasks get a turn; this takes half a millisecond


async def chunks_of(rows: GivenRows, size: int) -> Chunks:
    """Yields lists of `size` rows; the last may be shorter. Rows that do not come from a file are numbered from 1."""
    numbers = count(1)
    chunk: list[Row | BadRow] = []
    if isinstance(rows, AsyncIterable):
        async for given in rows:
            chunk.append(row_from_given(next(numbers), given))
            if len(chunk) % _ROWS_PER_TURN == 0:
                await asyncio.sleep(0)  # noqa: TID251  # does not wait: only lets other tasks run
            if len(chunk) == size:
                yield chunk
                chunk = []
    else:
        iterator = iter(rows)
        while some := [
            row_from_given(next(numbers), given) for given in islice(iterator, min(_ROWS_PER_TURN, size - len(chunk)))
        ]:
            chunk += some
            await asyncio.sleep(0)  # noqa: TID251  # does not wait: only lets other tasks run
            if len(chunk) == size:
                yield chunk
                chunk = []
    if chunk:
        yield chunk
