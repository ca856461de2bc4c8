"""The queue of the rows that are recorded in the journal and wait for a worker."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from msgspec import Struct

from paycombat_async.batch.rows.row import Row


class Item(Struct, eq=False, gc=False):
    """A row to be sent, its number in the journal, and how many times it was queued again after a failure."""

    row: Row
    number: int
    tries: int = 0


class WorkQueue:
    """A queue in which the task that fills it can wait until at most a given number of items is left.

    An `asyncio.Queue` takes six times as long per row, and cannot tell the task when items run low.
    """

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._low = 0
        self._arrived = asyncio.Event()
        self._ran_low = asyncio.Event()

    def put(self, items: Iterable[Item]) -> None:
        """Appends items at the end."""
        self._items.extend(items)
        self._arrived.set()

    def take(self) -> Item | None:
        """Removes and returns the next item. Returns None if the queue is empty."""
        item = self._items.popleft() if self._items else None
        if len(self._items) <= self._low:
            self._ran_low.set()
        return item

    def drop(self, is_lost: Callable[[int], bool]) -> int:
        """Removes the items for whose number `is_lost` returns True, and returns how many were removed."""
        kept = [item for item in self._items if not is_lost(item.number)]
        dropped = len(self._items) - len(kept)
        self._items = deque(kept)
        if len(self._items) <= self._low:
            self._ran_low.set()
        return dropped

    async def until_not_empty(self) -> None:
        """Waits until there is at least one item."""
        while not self._items:
            self._arrived.clear()
            await self._arrived.wait()

    async def until_low(self, low: int) -> None:
        """Waits until at most `low` items are left, so that more rows should be read."""
        self._low = low
        while len(self._items) > low:
            self._ran_low.clear()
            await self._ran_low.wait()
