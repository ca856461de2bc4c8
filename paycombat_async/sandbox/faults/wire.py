"""Faults with responses that no HTTP library produces. Their bytes are written directly to the connection.

The docstring of a function that returns a `Wire` says what is written. FIN is TCP's normal end of a connection, and RST
its abrupt end.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from paycombat_async.sandbox.faults import idle
from paycombat_async.sandbox.faults.response import JSON, PlainResponse, refused
from paycombat_async.sandbox.faults.sleeper import Sleeper

_NO_STATUS: Final = 0
_STRAY: Final = b'{"status":true,"message":"OK","data":{"customer_id":"customer_stray","id":"stray"}}'
_MISSING_BYTES: Final = 10


class End(Enum):
    """What happens to the connection after the response: it stays open, ends normally (FIN) or ends abruptly (RST)."""

    KEPT = "kept"
    CLOSED = "closed"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Wire:
    """The raw bytes of a response, and how the connection ends after them.

    The bytes are written at once or, if `is_slow` is true, one by one. `later` is an action on the connection while it
    is idle after the response.
    """

    data: bytes
    end: End
    is_slow: bool = False
    later: idle.IdleAction | None = None


def disconnect(_plain: PlainResponse) -> Wire:
    """Makes the server send no response, and end the connection normally (TCP FIN)."""
    return Wire(b"", End.CLOSED)


def reset(_plain: PlainResponse) -> Wire:
    """Makes the server send no response, and end the connection abruptly (TCP RST)."""
    return Wire(b"", End.RESET)


def half_head(response: PlainResponse) -> Wire:
    head = response.head(len(response.body))
    return Wire(head[: len(head) // 2], End.CLOSED)


def half_body(response: PlainResponse) -> Wire:
    return Wire(response.head(len(response.body)) + response.body[: len(response.body) // 2], End.CLOSED)


def length_too_long(response: PlainResponse) -> Wire:
    """Makes the server send a Content-Length that is 10 bytes too large, and leave the connection open.

    The client waits for the missing bytes.
    """
    return Wire(response.head(len(response.body) + _MISSING_BYTES) + response.body, End.KEPT)


def length_too_short(response: PlainResponse) -> Wire:
    """Makes the server send a Content-Length that is 10 bytes too small, and leave the connection open.

    To the client, the last 10 bytes of the body look like the beginning of the next response.
    """
    return Wire(response.head(max(0, len(response.body) - _MISSING_BYTES)) + response.body, End.KEPT)


def trickle(response: PlainResponse) -> Wire:
    return Wire(response.whole, End.KEPT, is_slow=True)


def stray_answer(response: PlainResponse) -> Wire:
    """Makes the server send the correct response, and later, on the idle connection, one that belongs to no request."""
    return _idle(response, idle.send(PlainResponse(200, JSON, _STRAY).whole))


def stray_part(response: PlainResponse) -> Wire:
    """Makes the server send the correct response and, on the idle connection, the first part of a second response.

    The second response belongs to no request.
    """
    return _idle(response, idle.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le"))


def stray_408(response: PlainResponse) -> Wire:
    """Makes the server send the correct response and, on the idle connection, a 408 that belongs to no request.

    Some servers send a 408 (Request Timeout) before they close an idle connection.
    """
    return _idle(response, idle.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"))


def stray_error(status: int) -> Callable[[PlainResponse], Wire]:
    """Returns a function that makes the server send an error on an idle connection, after the correct response.

    The error is a complete response with this status that belongs to no request.
    """
    stray = idle.send(refused(status, "STRAY", "nobody asked", {}).whole)
    return lambda response: _idle(response, stray)


def idle_end(response: PlainResponse) -> Wire:
    """Makes the server send the correct response and end the connection normally (TCP FIN) while it is idle."""
    return _idle(response, idle.close)


def idle_reset(response: PlainResponse) -> Wire:
    """Makes the server send the correct response and end the connection abruptly (TCP RST) while it is idle."""
    return _idle(response, idle.reset)


def _idle(response: PlainResponse, later: idle.IdleAction) -> Wire:
    return Wire(response.whole, End.KEPT, later=later)


class RawAnswer(web.StreamResponse):
    """An aiohttp response that writes the bytes of a `Wire`.

    `status` is 0 if these bytes contain no complete headers.
    """

    def __init__(
        self, wire: Wire, status: int, *, seconds: float, sleeper: Sleeper, idle_faults: idle.IdleFaults
    ) -> None:
        super().__init__(status=status if b"\r\n\r\n" in wire.data else _NO_STATUS)
        self.data = wire.data
        self._wire = wire
        self._seconds = seconds
        self._sleeper = sleeper
        self._idle_faults = idle_faults
        self._is_kept = False

    @property
    def keep_alive(self) -> bool:
        return self._is_kept

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Writes all bytes of the response, then closes the connection or keeps it open.

        Returns None, so that aiohttp itself writes nothing.
        """
        transport = request.transport
        if transport is None or transport.is_closing():
            return None
        self._is_kept = self._wire.end is End.KEPT and request.keep_alive
        if self._wire.is_slow:
            await self._trickle(transport)
        else:
            transport.write(self._wire.data)
        if self._wire.later and self._is_kept:
            self._idle_faults.plan(transport, self._wire.later, after=self._seconds)
        _ENDINGS[self._wire.end](transport)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Does nothing, because `prepare` has already written the whole response."""

    async def _trickle(self, transport: asyncio.Transport) -> None:
        for byte in self._wire.data:
            if transport.is_closing():
                return
            transport.write(bytes((byte,)))
            if not await self._sleeper.sleep(self._seconds):
                transport.abort()


def _keep(_transport: asyncio.Transport) -> None:
    """Does nothing to the connection after a response, so that it stays open."""


def _close(transport: asyncio.Transport) -> None:
    transport.close()


def _reset(transport: asyncio.Transport) -> None:
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, idle.NO_LINGER)
    transport.abort()


_ENDINGS: Final = {End.KEPT: _keep, End.CLOSED: _close, End.RESET: _reset}
