"""Watches idle connections: bytes that arrive on them belong to no request and must not be read as an answer.

A complete answer that nobody has requested would be read as the answer to the next call. An incomplete answer is worse:
if it ends inside its headers, the status line of the next answer is parsed as one more of these headers. If the
incomplete answer has the status 200, and the next one 500, the call would get 200.

While the event loop is busy, unexpected bytes, or the end of the connection, stay unread in the socket. Therefore the
socket is checked, too.
"""

import asyncio
import select
import sys
from collections.abc import Callable


class IdleWatch(asyncio.Protocol):
    """Wraps the asyncio protocol of a connection, and records whether bytes arrive while the connection is idle."""

    def __init__(self, protocol: asyncio.Protocol, transport: asyncio.Transport) -> None:
        self._protocol = protocol
        self._transport = transport
        self._below = _below_tls(transport)
        self.has_unread = _unread_check(transport.get_extra_info("socket").fileno())
        # A TLS 1.3 server sends session tickets after the handshake. Therefore unread bytes on a new TLS connection are
        # normal.
        self._is_unread_expected = transport.get_extra_info("ssl_object") is not None
        self.is_new = True
        self.is_idle = False
        self.is_dirty = False

    @classmethod
    def over(cls, transport: asyncio.Transport) -> "IdleWatch":
        """Returns the `IdleWatch` of this connection. The first call for a connection makes and installs it."""
        protocol = transport.get_protocol()
        if isinstance(protocol, IdleWatch):
            return protocol
        if not isinstance(protocol, asyncio.Protocol):
            raise TypeError(f"cannot watch a connection with {type(protocol).__name__}")
        watch = cls(protocol, transport)
        transport.set_protocol(watch)
        return watch

    @property
    def is_quiet(self) -> bool:
        """Whether the idle connection is open and has received no bytes, and no unread bytes are in its socket.

        Unread bytes on a new TLS connection are ignored, because they may be session tickets.
        """
        if self.is_dirty or self._transport.is_closing() or self._below.is_closing():
            return False
        return (self.is_new and self._is_unread_expected) or not self.has_unread()

    def use(self) -> None:
        """Marks the connection as in use, so that bytes that arrive from now on belong to a request."""
        self.is_new = self.is_idle = False

    def rest(self) -> None:
        """Marks the connection as idle, so that bytes that arrive from now on belong to no request."""
        self.is_idle = True

    def data_received(self, data: bytes) -> None:
        if self.is_idle:
            self.is_dirty = True
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        # The peer has closed the connection. A TLS transport still seems open until the next turn of the event loop,
        # but drops the bytes that are written to it.
        self.is_dirty = True
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()


def _below_tls(transport: asyncio.Transport) -> asyncio.BaseTransport:
    """Returns the TCP transport below a TLS transport, so that `is_quiet` can check both.

    If a TLS record cannot be decrypted, asyncio closes the TCP transport immediately, but the TLS transport only one
    turn of the loop later. A request written in between was lost, with an unknown outcome. Returns `transport` itself
    if it is not a TLS transport, or if uvloop hides the TCP transport.
    """
    below = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    return below if isinstance(below, asyncio.BaseTransport) else transport


if sys.platform == "win32":

    def _unread_check(fd: int) -> Callable[[], bool]:
        """Returns a function that checks the socket: whether unread bytes or the end of the connection are in it."""
        return lambda: bool(select.select([fd], [], [], 0)[0])

else:

    def _unread_check(fd: int) -> Callable[[], bool]:
        """Returns a function that checks the socket: whether unread bytes or the end of the connection are in it.

        One check takes about 1 µs. The function uses `poll`, because `select.select` refuses file descriptors above
        1023.
        """
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return lambda: bool(poll.poll(0))
