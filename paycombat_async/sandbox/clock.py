"""The sandbox's clock: follows the clock that it is given, and can also be moved forward by a call of `advance`."""

import asyncio
import math
import threading
from contextlib import suppress
from typing import Final

from paycombat_async._clock import Clock
from paycombat_async.errors import ConfigurationError

# The longest step in seconds, about 100 years. A much longer step would lead to a year above 9999, which `datetime`
# does not support.
_LONGEST_STEP_S: Final = 100 * 366 * 86_400


class SandboxClock:
    """The time in a sandbox: the time of the clock that was passed to `Sandbox`, plus all steps of `advance`.

    Timestamps, the expiry of checkouts, `settle_after`, and the waits between two attempts to deliver a webhook follow
    this clock. `advance` does not shorten the delays of injected faults, because such delays stand for a slow network,
    whose speed does not depend on the clock.
    """

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._lock = threading.Lock()
        self._advanced = 0.0
        self._sleeping: dict[_Sleep, None] = {}

    @property
    def advanced(self) -> float:
        """The sum of all steps of `advance`, in seconds."""
        return self._advanced

    def advance(self, seconds: float) -> None:
        """Moves the time forward. A wait on this clock ends now if its end is not later than the new time.

        Safe to call from any thread. Raises `ConfigurationError` if `seconds` is negative, not finite, or more than 100
        years.
        """
        if not (math.isfinite(seconds) and 0 <= seconds <= _LONGEST_STEP_S):
            raise ConfigurationError("advance: expected seconds from 0 to 100 years")
        with self._lock:
            self._advanced += seconds
            sleeping = tuple(self._sleeping)
        for sleep in sleeping:
            sleep.notify(is_due=sleep.due <= self.monotonic())

    def restart(self) -> None:
        """Undoes all steps of `advance`; waits under way keep their remaining time. Called by `Sandbox.reset`."""
        with self._lock:
            for sleep in self._sleeping:
                sleep.due -= self._advanced
            self._advanced = 0.0

    def now(self) -> float:
        """Returns the time as seconds since 1970-01-01 UTC."""
        return self._base.now() + self._advanced

    def monotonic(self) -> float:
        """Returns the seconds of a clock that never runs backwards."""
        return self._base.monotonic() + self._advanced

    def random(self) -> float:
        """Returns a random number in [0, 1)."""
        return self._base.random()

    async def sleep(self, seconds: float) -> None:
        """Waits until this many seconds have passed. A step of `advance` counts as passed time."""
        if seconds <= 0 and self._advanced:
            return  # `advance` has already moved the time beyond the end of this wait
        with self._lock:
            sleep = _Sleep(self.monotonic() + seconds)
            self._sleeping[sleep] = None
        try:
            left = seconds
            while not await self._passes(left, sleep):
                left = sleep.due - self.monotonic()
                if left <= 0:
                    return
        finally:
            with self._lock:
                del self._sleeping[sleep]
            sleep.ended.set()

    async def caught_up(self) -> None:
        """Waits until every `sleep` that ended because of `advance` has returned to its caller.

        Call it in the sandbox's event loop.
        """
        with self._lock:
            woken = [sleep for sleep in self._sleeping if sleep.is_due]
        for sleep in woken:
            await sleep.ended.wait()

    async def _passes(self, seconds: float, sleep: "_Sleep") -> bool:
        """Waits `seconds` of the underlying clock.

        Returns True when they have passed, or False as soon as `advance` has moved the time.
        """
        timer = asyncio.ensure_future(self._base.sleep(seconds))
        moved = asyncio.ensure_future(sleep.moved.wait())
        try:
            await asyncio.wait((timer, moved), return_when=asyncio.FIRST_COMPLETED)
        finally:
            moved.cancel()
            timer.cancel()
        if timer.done() and not timer.cancelled():
            timer.result()
            return True
        sleep.moved.clear()
        return False


class _Sleep:
    """One running call of `SandboxClock.sleep`. `due` is the `monotonic` time at which it ends.

    Must be created in the event loop in which the call runs.
    """

    def __init__(self, due: float) -> None:
        self.due = due
        self.is_due = False
        self.moved = asyncio.Event()
        self.ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def notify(self, *, is_due: bool) -> None:
        """Wakes the sleeping task, so that it checks the new time. Safe to call from any thread.

        `is_due` says whether the sleep has reached its end at the new time.
        """
        self.is_due = is_due
        with suppress(RuntimeError):  # the event loop is closed, so that no task sleeps in it any more
            self._loop.call_soon_threadsafe(self.moved.set)
