"""A limiter for one process."""

import os
import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async._process_bound import ProcessBound
from paycombat_async.limiters.block import LATENESS_S
from paycombat_async.limiters.limiter import check_rate

if TYPE_CHECKING:
    import asyncio


class LocalLimiter(ProcessBound):
    """A `Limiter` for all clients, threads and event loops of this process that share it.

    Requests are spread evenly. At 50 per second, one request is sent every 20 ms. Tasks in the same event loop are
    served in the order in which they asked. A task that is cancelled while it waits does not use up a request.
    """

    def __init__(self, per_second: float, *, clock: Clock = SYSTEM_CLOCK) -> None:
        """Sets the rate. Raises `ConfigurationError` unless `per_second` is a number from 0.001 to 1,000,000."""
        # If the check raises, an error reporter may call `repr`, which reads `per_second`.
        self.per_second = per_second
        check_rate(per_second)
        self._interval = 1 / per_second
        self._clock = clock
        self._next = clock.monotonic()
        self._locks: dict[int, AbstractContextManager[object]] = {}
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    async def acquire(self) -> None:
        """Waits until one more request may be sent."""
        async with self._queue():
            while (wait := self._take()) > 0:
                await self._clock.sleep(wait)

    def __repr__(self) -> str:
        return f"LocalLimiter({self.per_second!r})"

    def _queue(self) -> "asyncio.Lock":
        """Returns the lock of the running event loop.

        The loop's tasks get the lock in the order in which they asked.
        """
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

        with self._lock():
            return self._queues.setdefault(asyncio.get_running_loop(), asyncio.Lock())

    def _take(self) -> float:
        """Returns 0 if a request may be sent now, and counts this request. Otherwise returns the seconds to wait."""
        with self._lock():
            now = self._clock.monotonic()
            if now < self._next:
                return self._next - now
            self._next = max(self._next, now - LATENESS_S) + self._interval
            return 0.0

    def _lock(self) -> AbstractContextManager[object]:
        """Returns the lock of this process.

        A forked child gets a new lock. A lock that a thread of the parent held at the fork would never be released in
        the child.
        """
        return self._locks.setdefault(os.getpid(), threading.Lock())
