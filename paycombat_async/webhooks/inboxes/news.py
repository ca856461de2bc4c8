"""Wakes the waiting workers of one process when a new event may be in their inbox."""

import contextlib
import os
import threading
from collections.abc import Generator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


class News:
    """Wakes the waiting workers of this process, in all its event loops. `closings` counts the calls of `close`."""

    def __init__(self) -> None:
        self.closings = 0
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._listeners: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def tell(self) -> None:
        """Wakes every worker that is waiting. May be called in any thread."""
        for loop, event in self._of_this_process():
            with contextlib.suppress(RuntimeError):  # the worker's event loop was closed
                loop.call_soon_threadsafe(event.set)

    def close(self) -> None:
        """Adds 1 to `closings`, and wakes every worker that is waiting."""
        self.closings += 1
        self.tell()

    @contextlib.contextmanager
    def listening(self) -> "Generator[asyncio.Event]":
        """Context manager; yields an `asyncio.Event` for the running event loop.

        The event is set by the first call of `tell` or `close` during the `with` block.
        """
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, too long for code that only verifies webhooks

        listener = (asyncio.get_running_loop(), asyncio.Event())
        self._of_this_process()
        with self._lock:
            self._listeners.add(listener)
        try:
            yield listener[1]
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def _of_this_process(self) -> "list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]":
        """Returns the workers that wait in this process, each as its event loop and the event that wakes it.

        After a fork, the child removes those of its parent. Waking them would write to the pipes of the parent's event
        loops.
        """
        if self._pid != os.getpid():
            self._pid, self._lock, self._listeners = os.getpid(), threading.Lock(), set()
        with self._lock:
            return list(self._listeners)
