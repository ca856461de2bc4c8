"""What befalls a connection while it is idle: bytes that nobody asked for, or its end."""

import asyncio
import ctypes
import socket
import struct
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Final, TypeAlias

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async.sandbox._background_loop import BackgroundLoop
from paycombat_async.sandbox.faults.waits import Waits

Deed: TypeAlias = Callable[[socket.socket], object]

LINGER_NOT: Final = struct.pack("ii", 1, 0)  # a close is a reset then
_NO_ADDRESS: Final = bytes(16)  # AF_UNSPEC


def say(data: bytes) -> Deed:
    """Write these bytes."""
    return lambda line: line.send(data)


def end(line: socket.socket) -> None:
    """FIN. The loop that serves the connection reads its end, too, and lets go of it."""
    line.shutdown(socket.SHUT_RDWR)


def reset(line: socket.socket) -> None:
    """RST, at once on Linux, where connect(2) to no address is one. Elsewhere it takes the last one who holds the
    socket to close it, and that is the loop that serves it: as soon as it has a turn.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).connect(line.fileno(), _NO_ADDRESS, len(_NO_ADDRESS))
    else:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        line.shutdown(socket.SHUT_RD)


class Strays:
    """Deeds that are to be done on idle connections, one at most on each.

    By the machine's own clock they are done in a thread of their own, on a duplicate of the connection's socket. With
    `async with` the sandbox shares its caller's loop, and such things do harm just when that loop is blocked: what the
    loop did itself would come as soon as the client looks, and never behind its back. Any other clock is waited for in
    the sandbox's loop, for a clock may belong to a loop.

    A request that comes first keeps them from coming: in its way, stray bytes would be its answer, and no client could
    tell. It has come when its bytes lie in the socket or when `drop` is called. What is under way at the same moment
    as a request may still cross it, as it may on any road.
    """

    def __init__(self, clock: Clock, waits: Waits) -> None:
        self._waits = waits
        self._has_thread = clock is SYSTEM_CLOCK
        self._thread: BackgroundLoop | None = None
        self._lock = threading.Lock()  # a deed is done while it is held: after `drop` there is none
        self._planned: dict[asyncio.BaseTransport, _Planned] = {}
        self._is_over = False

    def __bool__(self) -> bool:
        return bool(self._planned)

    def plan(self, transport: asyncio.Transport, deed: Deed, *, after: float) -> None:
        """Do it after so many seconds; without any, at once."""
        if self._is_over:
            return
        planned = self._planned[transport] = _Planned(transport, deed)
        if after <= 0:
            self._do(planned)
        elif self._has_thread:
            self._thread = self._thread or BackgroundLoop("paycombat-sandbox-strays")
            planned.nap = self._thread.submit(self._do_in_thread(planned, after))
        else:
            planned.nap = self._waits.start(self._do_in_loop(planned, after))

    def drop(self, transport: asyncio.BaseTransport | None) -> None:
        """Nothing of it on this connection: it is not idle any more."""
        with self._lock:
            planned = self._planned.pop(transport, None) if transport else None
        if planned is not None:
            planned.forget()

    def end(self) -> None:
        """Nothing on any connection, from now on; the thread has ended then."""
        self._is_over = True
        for transport in tuple(self._planned):
            self.drop(transport)
        if self._thread is not None:
            self._thread.stop()

    async def _do_in_thread(self, planned: "_Planned", after: float) -> None:
        await SYSTEM_CLOCK.sleep(after)
        self._do(planned)

    async def _do_in_loop(self, planned: "_Planned", after: float) -> None:
        if await self._waits.sleep(after):
            self._do(planned)

    def _do(self, planned: "_Planned") -> None:
        with self._lock:
            if self._planned.get(planned.transport) is planned:
                del self._planned[planned.transport]
                planned.do()


class _Planned:
    """A deed and its connection. The duplicate keeps its number from being another connection's by then."""

    def __init__(self, transport: asyncio.Transport, deed: Deed) -> None:
        own = transport.get_extra_info("socket")
        self.transport = transport
        self.nap: asyncio.Task[None] | Future[None] | None = None
        self._line = socket.fromfd(own.fileno(), own.family, own.type)
        self._deed = deed

    def do(self) -> None:
        """Unless there is a request, or the connection is gone."""
        with self._line as line, suppress(OSError):
            if not self.transport.is_closing() and _is_idle(line):
                self._deed(line)

    def forget(self) -> None:
        if self.nap is not None:
            self.nap.cancel()
        self._line.close()


def _is_idle(line: socket.socket) -> bool:
    try:
        line.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    return False  # a request, or the other end's farewell
