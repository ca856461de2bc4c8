"""Rows that are written down and wait for a worker."""

import asyncio
from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from paycombat_async.batch.rows import Row


class Item(Struct, eq=False, gc=False):
    """A row on its way, and how often it was put back."""

    row: Row
    number: int
    tries: int = 0


class Backlog:
    """A queue that says when it runs low: an `asyncio.Queue` costs six times as much per row, and does not say."""

    def __init__(self, low: int) -> None:
        self.items: deque[Item] = deque()
        self._low = low
        self._arrived = asyncio.Event()
        self._ran_low = asyncio.Event()

    def put(self, items: Iterable[Item]) -> None:
        """Add rows at the end."""
        self.items.extend(items)
        self._arrived.set()

    def take(self) -> Item:
        """The next row; there has to be one."""
        item = self.items.popleft()
        if len(self.items) <= self._low:
            self._ran_low.set()
        return item

    async def until_not_empty(self) -> None:
        """Wait for rows."""
        while not self.items:
            self._arrived.clear()
            await self._arrived.wait()

    async def until_low(self) -> None:
        """Wait until more rows are wanted."""
        while len(self.items) > self._low:
            self._ran_low.clear()
            await self._ran_low.wait()
