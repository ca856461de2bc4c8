"""The rate of a batch: every attempt of every call counts, but the first one waits before its call begins."""

import asyncio
from collections.abc import Sequence
from typing import Final

from paycombat_async._engine.observed import ObservedClient
from paycombat_async.limiters.limiter import Limiter

_UNKNOWN_PER_SECOND: Final = 8  # assumed for a limiter of the user, whose rate is not known


class CallRate:
    """A `Limiter` for the client of a batch; each attempt takes one turn of each of `limiters`.

    A call's first attempt takes its turns before the call begins, by `acquire_ahead`. If it waited for them inside the
    call, the call's time-out would pass while other rows of the batch take their turns.
    """

    def __init__(self, limiters: Sequence[Limiter]) -> None:
        self._limiters = limiters
        # A retry waits inside its call and therefore has little time, so it must not queue behind the first attempts of
        # all workers: only those of about one second wait in the limiters at a time.
        self._first = asyncio.Semaphore(max(1, min(map(_per_second, limiters))))
        self._ahead: set[asyncio.Task[object] | None] = set()  # tasks that have the turns of their next attempt

    async def acquire_ahead(self) -> None:
        """Waits until the current task may begin a call. Raises what the limiters raise."""
        async with self._first:
            await self._take_turns()
        self._ahead.add(asyncio.current_task())

    async def acquire(self) -> None:
        """Waits until the current task may send an attempt: not at all if `acquire_ahead` has done so."""
        task = asyncio.current_task()
        if task in self._ahead:
            self._ahead.discard(task)
        else:
            await self._take_turns()

    async def _take_turns(self) -> None:
        for limiter in self._limiters:
            await limiter.acquire()


def _per_second(limiter: Limiter) -> int:
    per_second: object = getattr(limiter, "per_second", None)  # the limiters of the SDK have it
    return int(per_second) if isinstance(per_second, int | float) else _UNKNOWN_PER_SECOND


def limit_rate(client: ObservedClient, limiter: Limiter | None) -> CallRate | None:
    """Makes the client wait for `limiter` before each attempt, besides its own limiter if it has one.

    Returns None if it has to wait for neither.
    """
    limiters = [one for one in (limiter, client.limiter) if one is not None]
    if not limiters:
        return None
    client.limiter = rate = CallRate(limiters)
    return rate
