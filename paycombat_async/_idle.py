"""Watches connections while they are idle: bytes that come then belong to nobody, and must not become an answer.

A whole stray answer would be taken for the next call's. Half a head is worse: the next answer's status line would be
swallowed as one of its header lines, and a 500 read as the stray 200.
"""

import asyncio


class IdleWatch(asyncio.Protocol):
    """Stands between a connection's transport and its protocol, and notices what comes while `is_idle` is set."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self._protocol = protocol
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
        watch = cls(protocol)
        transport.set_protocol(watch)
        return watch

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
