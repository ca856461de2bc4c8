"""Limits how many calls of a run are concurrent and how many start per second, and pauses all workers (a hold)."""

import asyncio
from collections import deque

from paycombat_async._clock import Clock
from paycombat_async._protocol.messages import Attempt
from paycombat_async.batch.run.call_rate import CallRate

LONGEST_HOLD = 120.0  # seconds; a longer Retry-After is shortened to this number, at the risk of one more 429


class Throttle:
    """Halves the limit of concurrent calls on a 429, and raises the limit by one after `limit` successful answers.

    At first, the limit is the number of workers, and each worker makes one call at a time. After a 429, workers wait in
    `acquire_slot`, so that no more of them than the limit make calls. The throttle counts the waiting workers and not
    the calls under way, because counting then costs no time in a run without 429 answers, in which no worker waits.
    """

    def __init__(self, workers: int, rate: CallRate | None, clock: Clock) -> None:
        """`workers` is the highest number of concurrent calls.

        `rate` limits how many requests are sent per second. None means no such limit.
        """
        self.workers = workers
        self._limit = float(workers)
        self._rate = rate
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._held_until = 0.0
        self._last_cut = -1.0
        self.is_slow = rate is not None  # whether workers may have to wait before a call

    @property
    def limit(self) -> int:
        """The number of calls that may be under way now."""
        return int(self._limit)

    async def acquire_slot(self) -> None:
        """Waits until the calling worker may make a call, that is, until fewer calls than the limit are under way."""
        while self.workers - len(self._waiting) > self.limit:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn

    async def wait_for_rate(self) -> None:
        """Waits until the next call may start: until a hold (a pause of all workers) is over and the rate allows it.

        Raises any error of the limiters.
        """
        is_held = True
        while is_held:
            while (wait := self._held_until - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)
            self._held_until = 0.0
            if self._rate is not None:
                await self._rate.acquire_ahead()
            is_held = self._held_until > 0  # a 429 may have begun a hold while this worker waited for the rate

    def hold(self, seconds: float) -> None:
        """Begins a pause of all workers (a hold): no call starts for `seconds`, but at most for 120 seconds.

        Never shortens a pause that has begun.
        """
        self._held_until = max(self._held_until, self._clock.monotonic() + min(seconds, LONGEST_HOLD))
        self.is_slow = True

    def throttled(self, attempt: Attempt) -> None:
        """Halves the limit of concurrent calls after a 429.

        Does nothing if the attempt began before the limit was last halved, because that attempt was sent under the old
        limit, and one burst of 429 answers must halve the limit only once.
        """
        now = self._clock.monotonic()
        if now - attempt.elapsed >= self._last_cut:
            self._last_cut = now
            self._limit = max(1.0, self._limit / 2)
            self.is_slow = True

    def on_success(self) -> None:
        """Raises the limit of concurrent calls by `1 / limit`, that is, by one after `limit` successful answers.

        The limit never becomes higher than the number of workers.
        """
        if self._limit < self.workers:
            self._limit = min(float(self.workers), self._limit + 1 / self._limit)
            self._wake()
        self.is_slow = self._rate is not None or bool(self._held_until) or self._limit < self.workers

    def _wake(self) -> None:
        while self._waiting and self.workers - len(self._waiting) < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
