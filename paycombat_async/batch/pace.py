"""The pace of a run: how many calls at once, how many per second, and when to hold all of them back."""

import asyncio
from collections import deque

from paycombat_async._clock import Clock
from paycombat_async._messages import Attempt

LONGEST_HOLD = 120.0  # seconds: what a provider may ask for before the run would rather go on and be refused


class Pace:
    """Halves the number of calls at once when the provider answers 429, and adds one per round of good answers."""

    def __init__(self, concurrency: int, rate: float | None, clock: Clock) -> None:
        self._most = float(concurrency)
        self._limit = float(concurrency)
        self._interval = 1 / rate if rate else 0.0
        self._clock = clock
        self._active = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._next_start = 0.0
        self._held_until = 0.0
        self._last_cut = -1.0

    @property
    def limit(self) -> int:
        """How many calls may be under way now."""
        return int(self._limit)

    def enters_at_once(self) -> bool:
        """Whether one more call may start now; if so, it has entered. Most do, and need not wait in a coroutine."""
        if self._active >= int(self._limit) or self._interval or self._held_until:
            return False
        self._active += 1
        return True

    async def enter(self) -> None:
        """Wait until one more call may start."""
        while self._active >= int(self._limit):
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        self._active += 1
        if self._interval or self._held_until:
            await self._wait()

    def leave(self) -> None:
        """A call has ended."""
        self._active -= 1
        if self._waiting:
            self._wake()

    def hold(self, seconds: float) -> None:
        """Let no call start for so long."""
        self._held_until = max(self._held_until, self._clock.monotonic() + min(seconds, LONGEST_HOLD))

    def throttled(self, attempt: Attempt) -> None:
        """An attempt was answered 429. Of those that were under way together, only the first one cuts."""
        now = self._clock.monotonic()
        if now - attempt.elapsed >= self._last_cut:
            self._last_cut = now
            self._limit = max(1.0, self._limit / 2)

    def went_well(self) -> None:
        """A call succeeded."""
        if self._limit < self._most:
            self._limit = min(self._most, self._limit + 1 / self._limit)
            self._wake()

    def _wake(self) -> None:
        for _ in range(min(len(self._waiting), max(0, int(self._limit) - self._active))):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)

    async def _wait(self) -> None:
        while (wait := self._held_until - self._clock.monotonic()) > 0:
            await self._clock.sleep(wait)
        if self._interval:
            now = self._clock.monotonic()
            start = max(now, self._next_start)
            self._next_start = start + self._interval
            if start > now:
                await self._clock.sleep(start - now)
