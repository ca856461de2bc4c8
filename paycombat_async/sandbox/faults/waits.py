"""Waits that end when the sandbox stops."""

import asyncio
from collections.abc import Coroutine

from paycombat_async._clock import Clock


class Waits:
    """Sleeps by the sandbox's clock. Once ended, all sleeps end at once, also later ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: set[asyncio.Task[None]] = set()
        self._is_over = False

    async def sleep(self, seconds: float) -> bool:
        """Whether the time passed; False where the sandbox stops first."""
        if self._is_over:
            return False
        nap = self.start(self._clock.sleep(seconds))
        try:
            await asyncio.wait((nap,))
        finally:
            nap.cancel()  # for the case that the one who waits is cancelled
        if nap.cancelled():
            return False
        nap.result()
        return True

    def start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run it beside everything else, until the end."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def end(self) -> None:
        """Cancel all that runs, and wait until it has ended."""
        self._is_over = True
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
