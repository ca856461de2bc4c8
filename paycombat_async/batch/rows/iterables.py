"""Readers of the caller's iterables of rows. While they read, they let other tasks of the event loop run."""

import asyncio
from collections.abc import AsyncIterable, Iterable
from itertools import count
from typing import Final

from paycombat_async.batch.rows.reader import GivenRows, RowIterator, RowReader
from paycombat_async.batch.rows.row import BadRow, Given, Row, row_from_given

_ROWS_PER_TURN: Final = 32  # rows read before other tasks may run; reading that many takes half a millisecond


def reader_of(rows: GivenRows) -> RowReader:
    """Returns a reader of the file or of the caller's iterable. If `rows` is a reader already, returns `rows`."""
    if isinstance(rows, RowReader):
        return rows
    return _AsyncReader(rows) if isinstance(rows, AsyncIterable) else _Reader(rows)


class _Reader(RowReader):
    def __init__(self, rows: Iterable[Given]) -> None:
        self._rows = RowIterator(rows)

    async def take(self, most: int) -> list[Row | BadRow]:
        taken: list[Row | BadRow] = []
        while most > len(taken):
            wanted = min(_ROWS_PER_TURN, most - len(taken))
            turn = list(self._rows.next_rows(wanted))
            taken += turn
            await asyncio.sleep(0)  # noqa: TID251  # does not wait: only lets other tasks run
            if len(turn) < wanted:
                break
        return taken


class _AsyncReader(RowReader):
    """Reads an asynchronous iterable in a separate task. While that task waits for a row, earlier rows can be sent."""

    def __init__(self, rows: AsyncIterable[Given]) -> None:
        self._rows = rows
        self._task: asyncio.Task[None] | None = None
        self._taken: list[Row | BadRow] = []
        self._numbers = count(1)
        self._wanted = 0
        self._is_wanted = asyncio.Event()
        self._has_news = asyncio.Event()
        self._error: Exception | None = None

    async def take(self, most: int) -> list[Row | BadRow]:
        self._task = self._task or asyncio.create_task(self._read())
        self._wanted = most
        self._is_wanted.set()
        before = -1
        while not self._task.done() and len(self._taken) < most and len(self._taken) != before:
            before = len(self._taken) or -1
            if self._taken:
                await asyncio.sleep(0)  # noqa: TID251  # does not wait: lets the reading task add rows that are ready
            else:
                self._has_news.clear()
                await self._has_news.wait()
        self._wanted = 0
        taken, self._taken = self._taken, []
        if not taken and self._error is not None:
            raise self._error
        return taken

    async def _read(self) -> None:
        try:
            rows = aiter(self._rows)
            while True:
                while len(self._taken) >= self._wanted:
                    self._is_wanted.clear()
                    await self._is_wanted.wait()
                given = await anext(rows)
                self._taken.append(row_from_given(next(self._numbers), given))
                self._has_news.set()
                if len(self._taken) % _ROWS_PER_TURN == 0:
                    await asyncio.sleep(0)  # noqa: TID251  # does not wait: only lets other tasks run
        except StopAsyncIteration:
            pass
        except Exception as error:  # noqa: BLE001  # `take` raises it after returning the rows read before the error
            self._error = error
        finally:
            # When `take` wakes up, it checks whether this task is done. Therefore the event loop wakes `take` in its
            # next step, when this task has ended.
            asyncio.get_running_loop().call_soon(self._has_news.set)

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
