"""Time limits of the attempts in one event loop. Each limit also records whether its attempt has a connection.

`asyncio.timeout` sets and cancels a timer for each use, which takes a tenth of the CPU time of a whole call. Nearly all
attempts end long before their limit. Therefore only one timer is set, for the earliest limit, and the other limits are
only stored.
"""

import asyncio
from math import inf
from types import TracebackType
from typing import Self

from msgspec import Struct

from paycombat_async.errors import ConfigurationError
from paycombat_async.retry import LAST_SHARE
from paycombat_async.transport.idle_watch import IdleWatch


class DeadlineTimer:
    """Limits the time of all attempts in one event loop. Use: `with timer.begin(seconds) as deadline: …`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running: dict[asyncio.Task[object] | None, Deadline] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_limit = inf

    def begin(self, seconds: float, *, is_once_only: bool = False) -> "Deadline":
        """Returns a context manager that limits the time of its `with` block to `seconds` from now.

        With `is_once_only`, also sets `latest_start`, the time after which a request that must not be repeated is not
        sent any more. Raises `ConfigurationError` if the code does not run in an asyncio task.
        """
        task = asyncio.current_task(self._loop)  # passing the loop is faster, because finding it calls getpid()
        if task is None:
            raise ConfigurationError("calls need an asyncio task to run in; this code runs in none")
        until = self._loop.time() + seconds
        latest_start = until - seconds * LAST_SHARE if is_once_only else inf
        attempt = Deadline(self._running, task, task.cancelling(), until, latest_start)
        self._running[task] = attempt
        if until < self._next_limit:
            self._set_timer(until)
        return attempt

    def current(self) -> "Deadline":
        """Returns the deadline that the current task has set by `begin`. Raises `KeyError` if it has set none."""
        return self._running[asyncio.current_task(self._loop)]

    def time(self) -> float:
        """Returns the event loop's time in seconds. All limits are in this time."""
        return self._loop.time()

    def end(self) -> None:
        """Ends all attempts now, as if their time had passed. Called when the connections of the loop are closed.

        This is necessary, because aiohttp would never end an attempt that waits for the rest of a body.
        """
        self.stop()
        for attempt in self._running.values():
            if not attempt.is_expired:
                attempt.expire()

    def stop(self) -> None:
        """Cancels the event loop's timer. Until a new timer is set, no deadline ends an attempt."""
        self._next_limit = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, when: float) -> None:
        self.stop()
        self._next_limit = when
        self._timer = self._loop.call_at(when, self._expire)

    def _expire(self) -> None:
        self.stop()
        now = self._loop.time()
        waiting = [attempt for attempt in self._running.values() if not attempt.is_expired]
        for attempt in waiting:
            if attempt.until <= now:
                attempt.expire()
        left = [attempt.until for attempt in waiting if not attempt.is_expired]
        if left:
            self._set_timer(min(left))


class Deadline(Struct, eq=False):
    """The time limit of one attempt. The `with` block ends with `TimeoutError` at the time `until`.

    If the task is cancelled from outside, the block ends with `CancelledError`. Both may happen at the same moment. To
    tell them apart, cancellations are counted as `asyncio.timeout` counts them. `connection` is set when the attempt
    gets a connection. From then on, bytes of the request may have been sent. `connect_until` is the time limit for
    making connections. It is set when the attempt begins to make its first connection.
    """

    running: "dict[asyncio.Task[object] | None, Deadline]"
    task: "asyncio.Task[object]"
    cancelled_before: int
    until: float
    latest_start: float
    is_expired: bool = False
    connection: IdleWatch | None = None
    connect_until: float | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether the task was cancelled since the attempt began, by this limit or from outside."""
        return self.task.cancelling() > self.cancelled_before

    def expire(self) -> None:
        self.is_expired = True
        self.task.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        del self.running[self.task]
        is_ours = self.is_expired and self.task.uncancel() <= self.cancelled_before
        if is_ours and kind is asyncio.CancelledError:
            raise TimeoutError from error
