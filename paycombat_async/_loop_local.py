"""One resource per running event loop, for an object that outlives loops.

A session belongs to the loop it was made in. An async generator, started in that loop, holds it and closes it in its
`finally`: `asyncio.run` ends such generators before it closes the loop. Loops that end without that, and processes that
fork, have their own way out below.
"""

import asyncio
import atexit
import gc
import os
import warnings
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

S = TypeVar("S")


@dataclass(slots=True, eq=False)
class _Entry(Generic[S]):
    loop: asyncio.AbstractEventLoop
    pid: int
    value: S
    keeper: AsyncGenerator[None, None]


class LoopLocal(Generic[S]):
    """Makes one `S` in each loop that asks for it, and sees to its end.

    `make` is called in the loop, `close` too; `abandon` frees what a loop left behind that was closed without ending
    its generators: it must not need a loop.
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
        """The resource of the running loop, if it has one that belongs to this process."""
        loop = asyncio.get_running_loop()
        entry = self._entries.get(id(loop))
        return entry.value if entry is not None and entry.loop is loop and entry.pid == os.getpid() else None

    async def open(self) -> S:
        """Makes the resource of the running loop. Does not suspend, so that two calls cannot both make one."""
        loop = asyncio.get_running_loop()
        _drop_dead(self._entries, self._abandon)
        value = self._make()
        keeper = _keep(self._entries, id(loop), value, self._close)
        self._entries[id(loop)] = _Entry(loop, os.getpid(), value, keeper)
        await anext(keeper)
        return value

    async def aclose(self) -> None:
        """Closes the running loop's resource now, and those of other loops as soon as these come to it."""
        entry = self._entries.pop(id(asyncio.get_running_loop()), None)
        _drop(self._entries, self._abandon)
        if entry is not None:
            await entry.keeper.aclose()

    def leave(self) -> None:
        """At the end of the process: frees what closed loops left; what loops nobody closed hold goes with them."""
        _drop_dead(self._entries, self._abandon)
        self.disown()

    def disown(self) -> None:
        """Forgets everything without freeing it: after a fork, what is here belongs to the parent.

        Sockets and the epoll instance are shared. Were they closed by the child, even by its garbage collector at
        exit, the parent would go deaf; so the child keeps them, untouched, for ever.
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
    """Lets go of all. Each living loop ends its own as soon as it runs, in one step.

    A task would be too much: a runner that is closing gives those it finds their turns, and no others.
    """
    _drop_dead(entries, abandon)
    for entry in [entries.pop(key) for key in list(entries)]:
        with suppress(RuntimeError):  # closed in this very moment
            entry.loop.call_soon_threadsafe(_end, entry, abandon)


def _end(entry: _Entry[S], abandon: Callable[[S], None]) -> None:
    """Frees the resource; what is then left of its generator has nothing to wait for."""
    abandon(entry.value)
    with suppress(StopIteration):
        entry.keeper.aclose().send(None)


def _drop_dead(entries: dict[int, _Entry[S]], abandon: Callable[[S], None]) -> None:
    dead = [key for key, entry in entries.items() if entry.loop.is_closed()]
    if not dead:
        return
    # Nothing can be awaited any more: the sockets are freed with their objects, which grumble about it.
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
    """Counts one reference too many, so that the object is never freed, not even at interpreter exit."""
    import ctypes  # noqa: PLC0415  # only a forked child of a process with open connections needs it

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


def _leave_at_exit() -> None:
    for local in list(_instances):
        local.leave()


atexit.register(_leave_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown_in_child)
