"""Faults on idle keep-alive connections: unsolicited bytes, FIN (TCP's normal end) or RST (its abrupt end)."""

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

NO_LINGER: Final = struct.pack("ii", 1, 0)  # SO_LINGER with a time of 0, so that closing a socket sends RST
_NO_ADDRESS: Final = bytes(16)  # a socket address of family AF_UNSPEC, which is 0


def send(data: bytes) -> IdleAction:
    """Returns an action that writes these bytes to the connection."""
    return lambda connection: connection.send(data)


def close(connection: socket.socket) -> None:
    """Sends FIN.

    The server's event loop has its own socket for this connection. `shutdown` ends reading, too. The event loop notices
    this and closes its own socket.
    """
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    """Sends RST.

    On Linux, connect(2) to AF_UNSPEC sends RST immediately. On other systems, RST is sent when the server's event loop
    closes its own socket for this connection.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).connect(connection.fileno(), _NO_ADDRESS, len(_NO_ADDRESS))
    else:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        connection.shutdown(socket.SHUT_RD)


class IdleFaults:
    """Scheduled actions on idle connections, at most one per connection.

    With the system clock, the actions run in a thread of their own, on a duplicate of the connection's socket. The
    reason is that under `async with` the sandbox shares its caller's event loop, and the actions must happen on time
    even while this loop is blocked. With any other clock, the actions run in the sandbox's loop, because such a clock
    may be bound to a loop.

    A request that arrives before the action cancels the action, because the client would take the unsolicited bytes for
    the response to this request. A request has arrived when its bytes are in the socket's buffer, or when `drop` is
    called. A request that is sent at the same moment as the action may still cross with it, as on a real network.
    """

    def __init__(self, clock: Clock, sleeper: Sleeper) -> None:
        self._sleeper = sleeper
        self._has_thread = clock is SYSTEM_CLOCK
        self._thread: BackgroundLoop | None = None
        # The lock is held while an action runs, so that no action runs after `drop` has returned.
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
        """Cancels all actions and ends the thread. Later calls of `plan` do nothing."""
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
    """An action and its connection.

    The socket is a duplicate, because the descriptor of the original socket could belong to a new connection by the
    time of the action.
    """

    def __init__(self, transport: asyncio.Transport, action: IdleAction) -> None:
        own = transport.get_extra_info("socket")
        self.transport = transport
        self.timer: asyncio.Task[None] | Future[None] | None = None
        self._socket = socket.fromfd(own.fileno(), own.family, own.type)
        self._action = action

    def run(self) -> None:
        """Runs the action, unless a request has arrived or the connection is closed."""
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
    return False  # there are bytes of a request, or the client's FIN, to read from the socket
