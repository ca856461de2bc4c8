"""Wakes the workers of one process when their inbox may have an event to take."""

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
            with contextlib.suppress(RuntimeError):  # the event loop was closed
                loop.call_soon_threadsafe(event.set)

    def close(self) -> None:
        """Adds 1 to `closings`, and wakes every worker that is waiting."""
        self.closings += 1
        self.tell()

    @contextlib.contextmanager
    def listening(self) -> "Generator[asyncio.Event]":
        """Context manager; yields an `asyncio.Event` of the running event loop.

        The first call of `tell` or `close` during the `with` block sets this event.
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
        """Returns the listeners of this process.

        A forked child drops the listeners of its parent, because waking them would write to the pipes of the parent's
        event loops.
        """
        if self._pid != os.getpid():
            self._pid, self._lock, self._listeners = os.getpid(), threading.Lock(), set()
        with self._lock:
            return list(self._listeners)
