"""Keeps one resource, such as an HTTP session, for each event loop that uses a client.

A session can be used only in the loop in which it was created. An async generator started in that loop holds the
session and closes it in its `finally`, because `asyncio.run` ends such generators before it closes the loop. If a loop
is closed without ending its generators, its session is freed later, without the loop. A forked process neither uses nor
closes the sessions of its parent.
"""

import asyncio
import atexit
import gc
import os
import warnings
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

S = TypeVar("S")


class _Entry(Struct, Generic[S], eq=False):
    loop: asyncio.AbstractEventLoop
    pid: int
    value: S
    keeper: AsyncGenerator[None, None]


class LoopLocal(Generic[S]):
    """Creates one resource in each event loop that asks for it, and closes the resource when the loop ends.

    `make` and `close` are called in the loop. `abandon` frees a resource without awaiting anything, because it is also
    called after the loop was closed.
    """

    def __init__(
        self, make: Callable[[], S], close: Callable[[S], Awaitable[None]], abandon: Callable[[S], None]
    ) -> None:
        self._make = make
        self._close = close
        self._abandon = abandon
        self._entries: dict[int, _Entry[S]] = {}
        weakref.finalize(self, _drop, self._entries, abandon).atexit = False
        _instances.add(self)

    def current(self) -> S | None:
        """Returns the resource of the running loop, or None if this process has not opened a resource in this loop."""
        loop = asyncio.get_running_loop()
        entry = self._entries.get(id(loop))
        return entry.value if entry is not None and entry.loop is loop and entry.pid == os.getpid() else None

    async def open(self) -> S:
        """Creates a resource for the running loop and returns it. Call it only if `current` has just returned None.

        This method never suspends its task, so no other task of the loop can create a second resource meanwhile.
        """
        loop = asyncio.get_running_loop()
        _drop_dead(self._entries, self._abandon)
        value = self._make()
        keeper = _keep(self._entries, id(loop), value, self._close)
        self._entries[id(loop)] = _Entry(loop, os.getpid(), value, keeper)
        await anext(keeper)
        return value

    async def aclose(self) -> None:
        """Closes the running loop's resource now, and the resources of other loops when those loops run again.

        Frees the resources of closed loops now.
        """
        entry = self._entries.pop(id(asyncio.get_running_loop()), None)
        _drop(self._entries, self._abandon)
        if entry is not None:
            await entry.keeper.aclose()

    def leave(self) -> None:
        """Frees the resources of closed loops at process exit. The resources of open loops end with the process."""
        _drop_dead(self._entries, self._abandon)
        self.disown()

    def disown(self) -> None:
        """Forgets all resources without freeing them: after a fork they belong to the parent process.

        Parent and child share the sockets and the epoll instance. If the child closed them, even through its garbage
        collector at exit, the parent would receive no more events. Therefore the child keeps them open until it ends.
        """
        if self._entries:
            leak_forever(dict(self._entries))
            self._entries.clear()


async def _keep(
    entries: dict[int, _Entry[S]], key: int, value: S, close: Callable[[S], Awaitable[None]]
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        entries.pop(key, None)
        await close(value)


def _drop(entries: dict[int, _Entry[S]], abandon: Callable[[S], None]) -> None:
    """Removes all resources from `entries` and frees them: those of closed loops now, the others in their own loops.

    An open loop frees its resource in a callback and not in a task, because `asyncio.Runner` runs no task that is
    created while the runner closes.
    """
    _drop_dead(entries, abandon)
    for entry in [entries.pop(key) for key in list(entries)]:
        with suppress(RuntimeError):  # RuntimeError is raised if another thread has just closed the loop
            entry.loop.call_soon_threadsafe(_end, entry, abandon)


def _end(entry: _Entry[S], abandon: Callable[[S], None]) -> None:
    """Frees the resource, and then ends the async generator that holds it, without awaiting anything.

    The generator closes its resource when it ends. For a freed resource, there is nothing to wait for.
    """
    abandon(entry.value)
    with suppress(StopIteration):
        entry.keeper.aclose().send(None)


def _drop_dead(entries: dict[int, _Entry[S]], abandon: Callable[[S], None]) -> None:
    dead = [key for key, entry in entries.items() if entry.loop.is_closed()]
    if not dead:
        return
    # Nothing can be awaited in a closed loop, so the garbage collector must close the sockets. Python emits a
    # ResourceWarning for each socket that is closed in this way; these warnings are ignored.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key in dead:
            abandon(entries.pop(key).value)
        gc.collect()


_instances: Final["weakref.WeakSet[LoopLocal[Any]]"] = weakref.WeakSet()


def _disown_in_child() -> None:
    for local in list(_instances):
        local.disown()


def leak_forever(value: object) -> None:
    """Adds a reference to `value` that is never released, so that it is not freed, even at interpreter exit."""
    import ctypes  # noqa: PLC0415  # rarely needed: in a forked child, or at exit with open connections

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


def _leave_at_exit() -> None:
    for local in list(_instances):
        local.leave()


atexit.register(_leave_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown_in_child)
