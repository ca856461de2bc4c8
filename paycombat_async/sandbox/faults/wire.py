"""Answers that no HTTP library would give, written straight to the connection."""

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
from paycombat_async.sandbox.faults.waits import Waits

_SILENT: Final = 0
_STRAY: Final = b'{"status":true,"message":"OK","data":{"customer_id":"customer_stray","id":"stray"}}'
_MISSING_BYTES: Final = 10


class End(Enum):
    """What becomes of the connection."""

    KEPT = "kept"
    CLOSED = "closed"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Wire:
    """What is written: `data` at once or byte by byte, then what is done `later`, if the connection is idle then."""

    data: bytes
    end: End
    is_slow: bool = False
    later: idle.Deed | None = None


def disconnect(_plain: PlainResponse) -> Wire:
    """FIN, and no byte of an answer."""
    return Wire(b"", End.CLOSED)


def reset(_plain: PlainResponse) -> Wire:
    """RST, and no byte of an answer."""
    return Wire(b"", End.RESET)


def half_head(response: PlainResponse) -> Wire:
    head = response.head(len(response.body))
    return Wire(head[: len(head) // 2], End.CLOSED)


def half_body(response: PlainResponse) -> Wire:
    return Wire(response.head(len(response.body)) + response.body[: len(response.body) // 2], End.CLOSED)


def length_too_long(response: PlainResponse) -> Wire:
    """Some bytes that were promised never come, on a connection that stays open."""
    return Wire(response.head(len(response.body) + _MISSING_BYTES) + response.body, End.KEPT)


def length_too_short(response: PlainResponse) -> Wire:
    """The last bytes come behind the end, on a connection that stays open."""
    return Wire(response.head(max(0, len(response.body) - _MISSING_BYTES)) + response.body, End.KEPT)


def trickle(response: PlainResponse) -> Wire:
    return Wire(response.whole, End.KEPT, is_slow=True)


def stray_answer(response: PlainResponse) -> Wire:
    """Later comes a whole answer that nobody asked for."""
    return _idle(response, idle.say(PlainResponse(200, JSON, _STRAY).whole))


def stray_part(response: PlainResponse) -> Wire:
    """Later comes the beginning of an answer that nobody asked for, and never its end."""
    return _idle(response, idle.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le"))


def stray_408(response: PlainResponse) -> Wire:
    """Later comes what some servers say to an idle connection."""
    return _idle(response, idle.say(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"))


def stray_error(status: int) -> Callable[[PlainResponse], Wire]:
    """Later comes a whole error that nobody asked for, in the sandbox's own form."""
    stray = idle.say(refused(status, "STRAY", "nobody asked", {}).whole)
    return lambda response: _idle(response, stray)


def idle_end(response: PlainResponse) -> Wire:
    """Later comes FIN, though nothing was said of it."""
    return _idle(response, idle.end)


def idle_reset(response: PlainResponse) -> Wire:
    """Later comes RST."""
    return _idle(response, idle.reset)


def _idle(response: PlainResponse, later: idle.Deed) -> Wire:
    return Wire(response.whole, End.KEPT, later=later)


class RawAnswer(web.StreamResponse):
    """Writes a `Wire` in place of an answer. Its status is 0 where the client gets to see none."""

    def __init__(self, wire: Wire, status: int, *, seconds: float, waits: Waits, strays: idle.Strays) -> None:
        super().__init__(status=status if b"\r\n\r\n" in wire.data else _SILENT)
        self._wire = wire
        self._seconds = seconds
        self._waits = waits
        self._strays = strays
        self._is_kept = False

    @property
    def keep_alive(self) -> bool:
        return self._is_kept

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Everything happens here; what aiohttp writes by itself is left out."""
        transport = request.transport
        if transport is None or transport.is_closing():
            return None
        self._is_kept = self._wire.end is End.KEPT and request.keep_alive
        if self._wire.is_slow:
            await self._trickle(transport)
        else:
            transport.write(self._wire.data)
        if self._wire.later and self._is_kept:
            self._strays.plan(transport, self._wire.later, after=self._seconds)
        _ENDINGS[self._wire.end](transport)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to be written."""

    async def _trickle(self, transport: asyncio.Transport) -> None:
        for byte in self._wire.data:
            if transport.is_closing():
                return
            transport.write(bytes((byte,)))
            if not await self._waits.sleep(self._seconds):
                transport.abort()


def _keep(_transport: asyncio.Transport) -> None:
    """The connection stays as it is."""


def _close(transport: asyncio.Transport) -> None:
    transport.close()


def _reset(transport: asyncio.Transport) -> None:
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, idle.LINGER_NOT)
    transport.abort()


_ENDINGS: Final = {End.KEPT: _keep, End.CLOSED: _close, End.RESET: _reset}
