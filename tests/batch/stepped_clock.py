"""A clock for runs in which many tasks sleep at the same time."""

import asyncio
from heapq import heappop, heappush

from paycombat_async.testing import FakeClock


class SteppedClock(FakeClock):
    """A clock that advances to the next sleeper's time once no task has anything else to do."""

    def __init__(self) -> None:
        super().__init__(start=0.0)
        self._quiet = 0  # turns of the loop since anybody went to sleep or woke up
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        self._quiet = 0
        self.slept.append(seconds)
        wakes = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self.time + seconds, len(self.slept), wakes))
        await wakes

    async def step(self) -> None:
        while True:
            await asyncio.sleep(0)
            self._quiet += 1
            if self._quiet > 5 and self._sleepers:
                self._quiet = 0
                self.time, _, wakes = heappop(self._sleepers)
                if not wakes.cancelled():
                    wakes.set_result(None)
