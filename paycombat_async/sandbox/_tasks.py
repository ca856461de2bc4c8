"""Background tasks of the sandbox (webhooks, automatic settling), cancelled when it stops."""

import asyncio
from collections.abc import Callable, Coroutine


class BackgroundTasks:
    """Starts tasks; `end` cancels those still running. Create it inside the event loop that will run the tasks."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> tuple[asyncio.Task[None], ...]:
        return tuple(self._running)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run the callback soon in the event loop, in the order of the calls. Safe to call from any thread."""
        self._loop.call_soon_threadsafe(callback)

    def start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Start a task that runs until it finishes or `end` cancels it."""
        task = self._loop.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def end(self) -> None:
        """Cancel all running tasks and wait until they have ended."""
        running = self.running
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
