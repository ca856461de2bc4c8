"""Waiting, as a fault does before or after a request. A wait ends early if the sandbox stops."""

import asyncio
from collections.abc import Coroutine

from paycombat_async._clock import Clock


class Sleeper:
    """Waits on the sandbox's clock, and runs tasks that wait. After `end`, every wait returns immediately."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: set[asyncio.Task[None]] = set()
        self._is_over = False

    async def sleep(self, seconds: float) -> bool:
        """Waits. Returns True if the time has passed, or False if the sandbox has stopped before."""
        if self._is_over:
            return False
        timer = self.start(self._clock.sleep(seconds))
        try:
            await asyncio.wait((timer,))
        finally:
            timer.cancel()  # stops the timer even if this coroutine was cancelled
        if timer.cancelled():
            return False
        timer.result()
        return True

    def start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Starts a task that runs until it finishes or `end` cancels it."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def end(self) -> None:
        """Cancels all running tasks and waits until they have ended."""
        self._is_over = True
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
