"""Informs the open event streams of the control interface about changes in the sandbox."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from paycombat_async.sandbox.traffic import Exchange

# the topic for changes of customers, payins, payouts, virtual accounts, checkouts and the ledger
OBJECTS: Final = "objects"
DELIVERIES: Final = "deliveries"
CONTROL: Final = "control"  # the topic for changes of the injected faults, the webhook URLs and the clock
RESET: Final = "reset"
# The largest number of requests in one batch; if there are more, the client must load the whole list again.
_MOST_EXCHANGES: Final = 500


@dataclass(slots=True)
class Batch:
    """The changes since the previous batch. `is_lossy` is True if not all new requests fit into this batch."""

    topics: set[str] = field(default_factory=set[str])
    exchanges: dict[int, Exchange] = field(default_factory=dict[int, Exchange])
    is_lossy: bool = False


class Subscription:
    """Collects the changes that one client has not yet received. Use it in the sandbox's event loop."""

    def __init__(self) -> None:
        self._batch = Batch()
        self._is_new = asyncio.Event()
        self.is_closed = False

    async def next(self, timeout_s: float) -> Batch | None:
        """Waits for a change, and returns all changes since the last call.

        Returns None after `timeout_s` seconds without one.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._is_new.wait()
        if not self._is_new.is_set():
            return None
        self._is_new.clear()
        batch, self._batch = self._batch, Batch()
        return batch

    def add(self, topic: str) -> None:
        self._batch.topics.add(topic)
        self._is_new.set()

    def add_exchange(self, exchange: Exchange) -> None:
        if len(self._batch.exchanges) < _MOST_EXCHANGES or exchange.number in self._batch.exchanges:
            self._batch.exchanges[exchange.number] = exchange
        else:
            self._batch.is_lossy = True
        self._is_new.set()

    def close(self) -> None:
        """Wakes the client connection that waits for changes, so that it can end."""
        self.is_closed = True
        self._is_new.set()


class News:
    """Passes changes in the sandbox to all subscriptions. Must be created in the sandbox's event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._subscriptions: set[Subscription] = set()
        self._is_closed = False

    def watcher(self, topic: str) -> Callable[[], None]:
        """Returns a function that tells all subscriptions that something of this topic, such as "objects", has changed.

        The sandbox calls the function, without arguments, after each such change. It may be called from any thread.
        """
        return partial(self.publish, topic)

    def publish(self, topic: str) -> None:
        """Adds a topic, such as "deliveries", to the changes of all subscriptions. Safe to call from any thread."""
        if self._subscriptions:
            with suppress(RuntimeError):  # the sandbox has stopped and closed its event loop
                self._loop.call_soon_threadsafe(self._add, topic)

    def publish_exchange(self, exchange: Exchange) -> None:
        """Adds a request, and later its response, to the changes of all subscriptions.

        Call it in the sandbox's event loop.
        """
        for subscription in self._subscriptions:
            subscription.add_exchange(exchange)

    @contextmanager
    def subscribed(self) -> Generator[Subscription]:
        """Context manager; returns a subscription that collects all changes from now on, until the block ends."""
        subscription = Subscription()
        if self._is_closed:
            subscription.close()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    @property
    def readers(self) -> int:
        """The number of clients that are reading the stream of changes now."""
        return len(self._subscriptions)

    def close(self) -> None:
        """Ends all subscriptions. A subscription that begins later ends immediately."""
        self._is_closed = True
        for subscription in tuple(self._subscriptions):
            subscription.close()

    def _add(self, topic: str) -> None:
        for subscription in self._subscriptions:
            subscription.add(topic)
