"""Limits the requests per second of a batch. Every attempt of every call counts, retries included."""

import asyncio
from collections.abc import Sequence
from typing import Final

from paycombat_async._engine.observed import ObservedClient
from paycombat_async.limiters.limiter import Limiter

_UNKNOWN_PER_SECOND: Final = 8  # the rate assumed for a limiter of the user that has no attribute `per_second`


class CallRate:
    """A `Limiter` for the client of a batch. Each attempt takes a turn (permission to send) from each of `limiters`.

    The first attempt of a call takes its turns before the call begins, in `acquire_ahead`. If the attempt waited inside
    the call, the call could time out while other rows of the batch take their turns.
    """

    def __init__(self, limiters: Sequence[Limiter]) -> None:
        self._limiters = limiters
        # A retry waits for its turn while the timeout of its call is running, so it must not wait behind the first
        # attempts of all workers. Therefore only a few first attempts may wait in the limiters at a time: as many as
        # the slowest limiter lets through in one second.
        self._first = asyncio.Semaphore(max(1, min(map(_per_second, limiters))))
        self._ahead: set[asyncio.Task[object] | None] = set()  # tasks that need not wait again in `acquire`

    async def acquire_ahead(self) -> None:
        """Waits until the first attempt of the current task's next call may be sent. Raises any error of the limiters.

        Called before the call begins, so that the wait does not use up the timeout of the call.
        """
        async with self._first:
            await self._take_turns()
        self._ahead.add(asyncio.current_task())

    async def acquire(self) -> None:
        """Waits until the current task may send an attempt. Does not wait if `acquire_ahead` has done so."""
        task = asyncio.current_task()
        if task in self._ahead:
            self._ahead.discard(task)
        else:
            await self._take_turns()

    async def _take_turns(self) -> None:
        for limiter in self._limiters:
            await limiter.acquire()


def _per_second(limiter: Limiter) -> int:
    per_second: object = getattr(limiter, "per_second", None)  # all limiters of the SDK have this attribute
    return int(per_second) if isinstance(per_second, int | float) else _UNKNOWN_PER_SECOND


def limit_rate(client: ObservedClient, limiter: Limiter | None) -> CallRate | None:
    """Makes the client wait before each attempt for `limiter` and for the client's own limiter, if they are not None.

    Returns the limiter that combines them, or None if both are None.
    """
    limiters = [one for one in (limiter, client.limiter) if one is not None]
    if not limiters:
        return None
    client.limiter = rate = CallRate(limiters)
    return rate
