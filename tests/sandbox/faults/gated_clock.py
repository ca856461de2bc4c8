"""A clock whose sleepers wait until a test lets them go."""

import asyncio

from tests.sandbox.caller import StandingClock


class GatedClock(StandingClock):
    """Nobody who sleeps wakes until `open` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.asleep = asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self.asleep.release()
        await self.open.wait()

    async def waiting(self, count: int) -> None:
        """Until so many sleep."""
        for _ in range(count):
            await self.asleep.acquire()
