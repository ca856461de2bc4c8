"""Waits while the database fails, as during a restart or a failover, and gives up after a minute."""

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from paycombat_async._clock import Clock
from paycombat_async.errors import StoreFailed
from paycombat_async.limiters.postgres import PostgresLimiter

T = TypeVar("T")

# Seconds for which a failing database is tried again. A failover of a managed database takes 30 to 60 seconds.
OUTAGE_S: Final = 60.0
PAUSE_S: Final = 0.5  # seconds between two attempts


class Outage:
    """Measures how long the database has failed without a success."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None

    def failed(self, error: StoreFailed) -> None:
        """Records that the database failed. Raises `error` if it has failed for more than `OUTAGE_S` (60) seconds."""
        now = self._clock.monotonic()
        self._since = now if self._since is None else self._since
        if now - self._since > OUTAGE_S:
            raise error

    def ended(self) -> None:
        """Records that the database works again."""
        self._since = None


# Any is the type of what a coroutine yields to its event loop.
async def outlast(work: Callable[[], Coroutine[Any, Any, T]], clock: Clock) -> T:
    """Calls `work` until it succeeds, and returns its result.

    Raises `StoreFailed` if `work` still raises that error after `OUTAGE_S` (60) seconds.
    """
    outage = Outage(clock)
    while True:
        try:
            return await work()
        except StoreFailed as error:
            outage.failed(error)
        await clock.sleep(PAUSE_S)


class OutlastingLimiter:
    """Limits the requests per second of many machines by a `PostgresLimiter`, and tolerates a short database failure.

    If the database fails, callers wait until it works again. After `OUTAGE_S` (60) seconds they get a `StoreFailed`.
    """

    def __init__(self, limiter: PostgresLimiter, clock: Clock) -> None:
        self.per_second = limiter.per_second
        self._limiter = limiter
        self._clock = clock

    async def acquire(self) -> None:
        """Waits until one more request may be sent. Raises `StoreFailed` if the database fails for a minute."""
        await outlast(self._limiter.acquire, self._clock)
