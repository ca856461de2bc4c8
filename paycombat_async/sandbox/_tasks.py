"""Background tasks of the sandbox, which are cancelled when it stops.

They send webhooks, and move pending payments to success after a delay.
"""

import asyncio
from collections.abc import Callable, Coroutine


class BackgroundTasks:
    """Starts tasks, and cancels the tasks that still run when `end` is called.

    Must be created in the event loop that will run the tasks.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> tuple[asyncio.Task[None], ...]:
        return tuple(self._running)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Makes the event loop run the callback at its next turn. Callbacks run in the order in which they were passed.

        Safe to call from any thread.
        """
        self._loop.call_soon_threadsafe(callback)

    def start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Starts a task that runs until it finishes or `end` cancels it."""
        task = self._loop.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def drop(self) -> None:
        """Cancels all running tasks without waiting until they have ended. Call it in the event loop of the tasks."""
        for task in self.running:
            task.cancel()

    async def end(self) -> None:
        """Cancels all running tasks and waits until they have ended."""
        running = self.running
        self.drop()
        await asyncio.gather(*running, return_exceptions=True)
