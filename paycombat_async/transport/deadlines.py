"""The attempts that one event loop has under way: how long each may take, and how far each has come.

`asyncio.timeout` sets and cancels a timer for each use, which is a tenth of what a whole call costs. Nearly all
attempts end long before their limit, so one timer for the earliest limit is enough: the others are only noted.
"""

import asyncio
from math import inf
from types import TracebackType
from typing import Self

from msgspec import Struct

from paycombat_async.retry import LAST_SHARE
from paycombat_async.transport.idle_watch import IdleWatch


class DeadlineTimer:
    """All attempts of one loop, by their tasks: `with attempts.begin(seconds) as attempt: …`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running: dict[asyncio.Task[object] | None, Deadline] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_limit = inf

    def begin(self, seconds: float, *, is_once_only: bool = False) -> "Deadline":
        """A limit for what the current task does from here on.

        `is_once_only` also sets the time after which a request that must not be repeated is better not sent at all.
        """
        task = asyncio.current_task(self._loop)  # without the loop, it looks for it, and asks the kernel who it is
        if task is None:
            raise RuntimeError("an attempt runs in a task")
        until = self._loop.time() + seconds
        latest_start = until - seconds * LAST_SHARE if is_once_only else inf
        attempt = Deadline(self._running, task, task.cancelling(), until, latest_start)
        self._running[task] = attempt
        if until < self._next_limit:
            self._set_timer(until)
        return attempt

    def current(self) -> "Deadline":
        """The attempt of the running task."""
        return self._running[asyncio.current_task(self._loop)]

    def time(self) -> float:
        """The loop's time, in which limits are noted."""
        return self._loop.time()

    def stop(self) -> None:
        """Takes the timer away, when the loop's session closes."""
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
    """One attempt. Leaves with `TimeoutError` at its limit; a cancellation from outside stays what it is.

    `connection` is that of its connection: from the moment there is one, bytes may have left. The accounting of
    cancellations is that of `asyncio.timeout`: a task may be cancelled by its limit and by somebody else at once.
    """

    running: "dict[asyncio.Task[object] | None, Deadline]"
    task: "asyncio.Task[object]"
    cancelled_before: int
    until: float
    latest_start: float
    is_expired: bool = False
    connection: IdleWatch | None = None

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
