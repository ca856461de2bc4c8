"""Time limits for many attempts at once, with one timer per event loop.

`asyncio.timeout` sets and cancels a timer for each use, which is a tenth of what a whole call costs. Nearly all
attempts end long before their limit, so one timer for the earliest limit is enough: the others are only noted.
"""

import asyncio
from types import TracebackType
from typing import Self


class Deadlines:
    """The limits of one loop's attempts: `with deadlines.within(seconds): …` in place of `asyncio.timeout`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running: set[Limit] = set()
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> "Limit":
        """A limit for what the current task does next."""
        return Limit(self, self._loop.time() + seconds)

    def add(self, limit: "Limit") -> None:
        self._running.add(limit)
        if self._timer is None or limit.when < self._timer.when():
            self._set_timer(limit.when)

    def remove(self, limit: "Limit") -> None:
        self._running.discard(limit)

    def stop(self) -> None:
        """Takes the timer away, when the loop's session closes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, when: float) -> None:
        self.stop()
        self._timer = self._loop.call_at(when, self._expire)

    def _expire(self) -> None:
        self._timer = None
        now = self._loop.time()
        for limit in [limit for limit in self._running if limit.when <= now]:
            self._running.discard(limit)
            limit.expire()
        if self._running:
            self._set_timer(min(limit.when for limit in self._running))


class Limit:
    """One limit. Leaves with `TimeoutError` if it was reached; a cancellation from outside stays what it is.

    The accounting is that of `asyncio.timeout`: a task may be cancelled by its limit and by somebody else at once.
    """

    __slots__ = ("_cancelled_before", "_deadlines", "_is_expired", "_task", "when")

    def __init__(self, deadlines: Deadlines, when: float) -> None:
        self._deadlines = deadlines
        self._is_expired = False
        self.when = when

    def expire(self) -> None:
        self._is_expired = True
        self._task.cancel()

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a limit needs a task to cancel")
        self._task = task
        self._cancelled_before = task.cancelling()
        self._deadlines.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._deadlines.remove(self)
        is_ours = self._is_expired and self._task.uncancel() <= self._cancelled_before
        if is_ours and kind is asyncio.CancelledError:
            raise TimeoutError from error
