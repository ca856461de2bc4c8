"""An event loop in its own thread, so that blocking code can use the sandbox."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundLoop:
    """Runs coroutines in its own daemon thread until it is stopped."""

    def __init__(self, name: str) -> None:
        # Without `loop_factory`, `asyncio.Runner` would replace the current event loop of the thread that calls this
        # constructor.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    # Any: the types of the values that a coroutine exchanges with its event loop. No caller uses these values.
    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs the coroutine in the background loop.

        Blocks until the coroutine ends, and returns its result or raises its error.
        """
        return self.submit(work).result()

    # Any: the types of the values that a coroutine exchanges with its event loop. No caller uses these values.
    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Starts the coroutine in the background loop, and returns a future for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self) -> None:
        """Cancels all tasks in the background loop, ends the loop, and waits until its thread has ended."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with self._runner as runner:
            runner.run(self._stop.wait())
