"""Work beside the requests: started by any thread, run in the sandbox's loop, ended with it."""

import asyncio
from collections.abc import Callable, Coroutine


class Tasks:
    """The tasks that run. To be made in the running loop that is to run them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> tuple[asyncio.Task[None], ...]:
        return tuple(self._running)

    def call(self, act: Callable[[], None]) -> None:
        """Have it done in the loop, in the order of the calls, from whatever thread."""
        self._loop.call_soon_threadsafe(act)

    def start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run it until it is through, or until the end."""
        task = self._loop.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def end(self) -> None:
        """Cancel all that runs, and wait until it has ended."""
        running = self.running
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
