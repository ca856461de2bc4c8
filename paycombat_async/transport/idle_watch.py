"""Watches connections while they are idle: bytes that come then belong to nobody, and must not become an answer.

A whole stray answer would be taken for the next call's. Half a head is worse: the next answer's status line would be
swallowed as one of its header lines, and a 500 read as the stray 200. The loop notices such bytes, or the end of the
connection, only when it gets its turn; until then they lie in the socket, so the socket is asked as well.
"""

import asyncio
import select
import sys
from collections.abc import Callable


class IdleWatch(asyncio.Protocol):
    """Sits between a connection's transport and its protocol, and notices what comes while `is_idle` is set."""

    def __init__(self, protocol: asyncio.Protocol, transport: asyncio.Transport) -> None:
        self._protocol = protocol
        self._transport = transport
        self._has_unread = _unread_check(transport.get_extra_info("socket").fileno())
        # A TLS 1.3 server sends session tickets behind the handshake: unread bytes of a new connection are no answer.
        self._is_unread_expected = transport.get_extra_info("ssl_object") is not None
        self.is_new = True
        self.is_idle = False
        self.is_dirty = False

    @classmethod
    def over(cls, transport: asyncio.Transport) -> "IdleWatch":
        """The watch of this connection; put in place if it has none yet."""
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
        """Whether nothing came while the connection was idle, neither bytes nor its end, read by the loop or not."""
        if self.is_dirty or self._transport.is_closing():
            return False
        return (self.is_new and self._is_unread_expected) or not self._has_unread()

    def use(self) -> None:
        """From here on, bytes that come belong to a call."""
        self.is_new = self.is_idle = False

    def rest(self) -> None:
        """From here on, bytes that come belong to nobody."""
        self.is_idle = True

    def data_received(self, data: bytes) -> None:
        if self.is_idle:
            self.is_dirty = True
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()


if sys.platform == "win32":

    def _unread_check(fd: int) -> Callable[[], bool]:
        """A function that says whether bytes, or an end, lie in this socket unread."""
        return lambda: bool(select.select([fd], [], [], 0)[0])

else:

    def _unread_check(fd: int) -> Callable[[], bool]:
        """A function that says whether bytes, or an end, lie in this socket unread.

        It takes about 1 µs. `select.select` refuses file descriptors from 1024 on.
        """
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return lambda: bool(poll.poll(0))
