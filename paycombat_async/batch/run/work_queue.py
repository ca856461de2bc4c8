"""Rows that are written down and wait for a worker."""

import asyncio
from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from paycombat_async.batch.rows.row import Row


class Item(Struct, eq=False, gc=False):
    """A row on its way, and how often it was put back."""

    row: Row
    number: int
    tries: int = 0


class WorkQueue:
    """A queue that says when it runs low: an `asyncio.Queue` costs six times as much per row, and does not say."""

    def __init__(self, low: int) -> None:
        self._items: deque[Item] = deque()
        self._low = low
        self._arrived = asyncio.Event()
        self._ran_low = asyncio.Event()

    def put(self, items: Iterable[Item]) -> None:
        """Add rows at the end."""
        self._items.extend(items)
        self._arrived.set()

    def take(self) -> Item | None:
        """The next row, if there is one."""
        item = self._items.popleft() if self._items else None
        if len(self._items) <= self._low:
            self._ran_low.set()
        return item

    async def until_not_empty(self) -> None:
        """Wait for rows."""
        while not self._items:
            self._arrived.clear()
            await self._arrived.wait()

    async def until_low(self) -> None:
        """Wait until more rows are wanted."""
        while len(self._items) > self._low:
            self._ran_low.clear()
            await self._ran_low.wait()
