"""Faults on an idle keep-alive connection: unexpected bytes, TCP's normal end (FIN), or its abrupt end (RST)."""

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
from paycombat_async.sandbox.faults.sleeper import Sleeper

IdleAction: TypeAlias = Callable[[socket.socket], object]

NO_LINGER: Final = struct.pack("ii", 1, 0)  # SO_LINGER with 0 seconds: closing the socket sends RST
_NO_ADDRESS: Final = bytes(16)  # a socket address whose family is AF_UNSPEC, the number 0


def send(data: bytes) -> IdleAction:
    """Returns an action that writes these bytes to an idle connection."""
    return lambda connection: connection.send(data)


def close(connection: socket.socket) -> None:
    """Ends an idle connection normally: sends FIN.

    The server's event loop has a socket object of its own for the same connection. `shutdown` also ends reading, so the
    event loop notices the end and closes its own socket.
    """
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    """Ends an idle connection abruptly: sends RST.

    On Linux, connect(2) to an address of the family AF_UNSPEC sends RST at once. On other systems, RST is sent when the
    server's event loop closes its own socket of this connection.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).connect(connection.fileno(), _NO_ADDRESS, len(_NO_ADDRESS))
    else:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        connection.shutdown(socket.SHUT_RD)


class IdleFaults:
    """Scheduled actions on idle connections, such as closing one. Each connection has at most one action.

    With the system clock, the actions run in a thread of their own, on a duplicate of the connection's socket. Under
    `async with`, the sandbox shares the event loop of its caller, and an action must run in time even while this loop
    is blocked. With any other clock, the actions run in the sandbox's event loop, because the clock may work only
    there.

    If a request arrives before the action, the action is cancelled, because the client would take its unexpected bytes
    for the response to this request. A request counts as arrived when its bytes are in the socket's buffer, or when
    `drop` is called. The action and a request may still be sent at the same moment, as in a real network.
    """

    def __init__(self, clock: Clock, sleeper: Sleeper) -> None:
        self._sleeper = sleeper
        self._has_thread = clock is SYSTEM_CLOCK
        self._thread: BackgroundLoop | None = None
        # The lock is held while an action runs. Therefore no action still runs when `drop` returns.
        self._lock = threading.Lock()
        self._planned: dict[asyncio.BaseTransport, _Planned] = {}
        self._is_over = False

    def __bool__(self) -> bool:
        return bool(self._planned)

    def plan(self, transport: asyncio.Transport, action: IdleAction, *, after: float) -> None:
        """Schedules the action on this connection for `after` seconds from now.

        If `after` is 0, runs the action immediately.
        """
        if self._is_over:
            return
        planned = self._planned[transport] = _Planned(transport, action)
        if after <= 0:
            self._run(planned)
        elif self._has_thread:
            self._thread = self._thread or BackgroundLoop("paycombat-sandbox-idle-faults")
            planned.timer = self._thread.submit(self._run_in_thread(planned, after))
        else:
            planned.timer = self._sleeper.start(self._run_in_loop(planned, after))

    def drop(self, transport: asyncio.BaseTransport | None) -> None:
        """Cancels the action on this connection, because a request has arrived."""
        with self._lock:
            planned = self._planned.pop(transport, None) if transport else None
        if planned is not None:
            planned.forget()

    def end(self) -> None:
        """Cancels all actions and ends the thread. A later call of `plan` does nothing."""
        self._is_over = True
        for transport in tuple(self._planned):
            self.drop(transport)
        if self._thread is not None:
            self._thread.stop()

    async def _run_in_thread(self, planned: "_Planned", after: float) -> None:
        await SYSTEM_CLOCK.sleep(after)
        self._run(planned)

    async def _run_in_loop(self, planned: "_Planned", after: float) -> None:
        if await self._sleeper.sleep(after):
            self._run(planned)

    def _run(self, planned: "_Planned") -> None:
        with self._lock:
            if self._planned.get(planned.transport) is planned:
                del self._planned[planned.transport]
                planned.run()


class _Planned:
    """A scheduled action and the idle connection on which it will run.

    The action uses a duplicate of the connection's socket. A duplicate is needed because, by the time of the action,
    the number of the original file descriptor may belong to a different connection.
    """

    def __init__(self, transport: asyncio.Transport, action: IdleAction) -> None:
        own = transport.get_extra_info("socket")
        self.transport = transport
        self.timer: asyncio.Task[None] | Future[None] | None = None
        self._socket = socket.fromfd(own.fileno(), own.family, own.type)
        self._action = action

    def run(self) -> None:
        """Runs the action on its connection, unless a request has arrived or the connection is closed."""
        with self._socket as connection, suppress(OSError):
            if not self.transport.is_closing() and _is_idle(connection):
                self._action(connection)

    def forget(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self._socket.close()


def _is_idle(connection: socket.socket) -> bool:
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    return False  # the socket has something to read: bytes of a request, or the client's FIN
