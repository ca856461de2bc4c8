"""Time limits for attempts. An attempt is one sending of a request; a call may need several.

`asyncio.timeout` would set and cancel a timer for each attempt, which takes a tenth of the CPU time of a whole call.
But nearly all attempts end long before their limit. Therefore each event loop has only one timer, for the earliest
limit, and all other limits are only stored.
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
    """One timer for an event loop: it gives each attempt (one sending of a request) a time limit of its own.

    Use: `with timer.begin(seconds) as deadline: …`.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running: dict[asyncio.Task[object] | None, Deadline] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_limit = inf

    def begin(self, seconds: float, *, is_once_only: bool = False) -> "Deadline":
        """Returns a context manager that limits the time of its `with` block to `seconds` from now.

        `is_once_only` means that the request must not be repeated. Such a request is not sent in the last tenth of its
        time (after `latest_start`), because its answer would probably come too late. Raises `ConfigurationError` if the
        code does not run in an asyncio task.
        """
        task = asyncio.current_task(self._loop)  # faster with the loop, because asyncio calls getpid() to find it
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
        """Returns the deadline that `begin` has made in the current task.

        Raises `KeyError` if the task has no deadline.
        """
        return self._running[asyncio.current_task(self._loop)]

    def time(self) -> float:
        """Returns the current time of the event loop's clock, in seconds. All deadlines are times of this clock."""
        return self._loop.time()

    def end(self) -> None:
        """Ends all attempts now with `TimeoutError`. Called when the connections of the event loop are closed.

        Without this call, aiohttp would never end an attempt that waits for more bytes of an answer's body.
        """
        self.stop()
        for attempt in self._running.values():
            if not attempt.is_expired:
                attempt.expire()

    def stop(self) -> None:
        """Cancels the timer, so that no deadline ends an attempt until a new timer is set."""
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
    """The time limit of one attempt (one sending of a request). At the time `until`, its `with` block is cancelled.

    The `with` statement turns this cancellation into `TimeoutError`. If other code cancels the task, the `with`
    statement raises `CancelledError`. Both cancellations may happen at the same time. Therefore they are counted, as
    `asyncio.timeout` counts them.

    - `connection` is set when the attempt gets a connection. From then on, bytes of the request may have been sent.
    - `connect_until` is the time limit for making connections. This limit is set when the attempt begins to make its
      first connection.
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
        """Whether the task was cancelled since the attempt began, either by this time limit or by other code."""
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
