"""The pace of a run: how many calls at once, how many per second, and when to hold all of them back."""

import asyncio
from collections import deque

from paycombat_async._clock import Clock
from paycombat_async._protocol.messages import Attempt

LONGEST_HOLD = 120.0  # seconds: what a provider may ask for before the run would rather go on and be refused


class Throttle:
    """Halves the number of calls at once when the provider answers 429, and adds one per round of good answers.

    It counts the workers that stand still, not the calls under way: that costs nothing while none has to.
    """

    def __init__(self, workers: int, rate: float | None, clock: Clock) -> None:
        self._workers = workers
        self._limit = float(workers)
        self._interval = 1 / rate if rate else 0.0
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._next_start = 0.0
        self._held_until = 0.0
        self._last_cut = -1.0
        self.is_slow = bool(rate)  # whether a worker has to wait before a call; looked at for every row

    @property
    def limit(self) -> int:
        """How many calls may be under way now."""
        return int(self._limit)

    async def acquire_slot(self) -> None:
        """Wait until this worker is one of those that may go on."""
        while self._workers - len(self._waiting) > self.limit:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn

    async def wait_for_rate(self) -> None:
        """Wait until the next call may start: for holds to end, and as the rate says."""
        is_held = True
        while is_held:
            while (wait := self._held_until - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)
            self._held_until = 0.0
            await self._wait_for_turn()
            is_held = self._held_until > 0

    async def _wait_for_turn(self) -> None:
        now = self._clock.monotonic()
        start = max(now, self._next_start)
        self._next_start = start + self._interval
        if start > now:
            await self._clock.sleep(start - now)

    def hold(self, seconds: float) -> None:
        """Let no call start for so long."""
        self._held_until = max(self._held_until, self._clock.monotonic() + min(seconds, LONGEST_HOLD))
        self.is_slow = True

    def throttled(self, attempt: Attempt) -> None:
        """An attempt was answered 429. Of those that were under way together, only the first one cuts."""
        now = self._clock.monotonic()
        if now - attempt.elapsed >= self._last_cut:
            self._last_cut = now
            self._limit = max(1.0, self._limit / 2)
            self.is_slow = True

    def on_success(self) -> None:
        """A call succeeded."""
        if self._limit < self._workers:
            self._limit = min(float(self._workers), self._limit + 1 / self._limit)
            self._wake()
        self.is_slow = bool(self._interval or self._held_until) or self._limit < self._workers

    def _wake(self) -> None:
        while self._waiting and self._workers - len(self._waiting) < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
