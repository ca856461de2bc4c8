"""A server that gives each call its own id back, slowly and in pieces, and notes what a client must never do.

It counts in steps, turns of the event loop, not in seconds: a run is the same for the same seed, and nobody waits.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Self

_END_OF_HEAD = b"\r\n\r\n"
BUSY = 0.05  # the share of requests that are answered 503
GOODBYES = 0.05  # the share of answers after which the server closes the connection
LARGE = 0.05  # the share of answers that need several reads
CHUNKED = 0.3  # the share of answers that do not say how long they are


class Steps:
    """Calls something after a number of turns of the running loop. Busy all the while, so the loop never sleeps."""

    def __init__(self, turns: int, then: Callable[[], object]) -> None:
        self._turns = turns
        self._then = then
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_soon(self._step)

    def cancel(self) -> None:
        self._handle.cancel()

    def _step(self) -> None:
        if self._turns <= 0:
            self._then()
        else:
            self._turns -= 1
            self._handle = self._loop.call_soon(self._step)


@dataclass
class EchoServer:
    """`async with EchoServer(Random(1)) as server`. `dirty` tells of requests that came before the answer was out."""

    random: Random
    arrivals: Counter[str] = field(default_factory=Counter)
    dirty: list[str] = field(default_factory=list)
    open: set["_Connection"] = field(default_factory=set)
    connections: int = 0
    base_url: str = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.close()
        for connection in list(self.open):
            connection.abort()
        await self._server.wait_closed()


class _Connection(asyncio.Protocol):
    """One connection: reads requests, answers each after some steps, a few bytes at a time."""

    _transport: asyncio.Transport

    def __init__(self, server: EchoServer) -> None:
        self._server = server
        self._random = server.random
        self._received = bytearray()
        self._pieces: list[bytes] = []
        self._is_answering = False
        self._is_last = False
        self._steps: Steps | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections += 1
        self._server.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.open.discard(self)
        if self._steps is not None:
            self._steps.cancel()

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (request := self._request()) is not None:
            call = _call_in(*request)
            self._server.arrivals[call] += 1
            if self._is_answering:
                self._server.dirty.append(call)
                self._transport.abort()
                return
            self._answer(call)

    def _request(self) -> tuple[str, bytes] | None:
        """The target and the body of the next request, once it is whole."""
        end = self._received.find(_END_OF_HEAD)
        if end < 0:
            return None
        first, *lines = self._received[:end].decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        end += len(_END_OF_HEAD)
        whole = end + int(headers.get("content-length", 0))
        if len(self._received) < whole:
            return None
        body = bytes(self._received[end:whole])
        del self._received[:whole]
        return first.split(" ")[1], body

    def _answer(self, call: str) -> None:
        busy = self._random.random() < BUSY
        self._is_last = self._random.random() < GOODBYES
        padding = "x" * 100_000 if self._random.random() < LARGE else ""
        data = {"status": not busy, "data": {"customer_id": call, "id": call, "description": padding}}
        body = json.dumps(data).encode()
        head = [f"HTTP/1.1 {503 if busy else 200} X", *["Connection: close"] * self._is_last]
        if self._random.random() < CHUNKED:
            head.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        else:
            head.append(f"Content-Length: {len(body)}")
        whole = "\r\n".join(head).encode() + _END_OF_HEAD + body
        cuts = sorted(self._random.randrange(len(whole)) for _ in range(self._random.randrange(4)))
        self._pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        self._is_answering = True
        self._later()

    def _later(self) -> None:
        self._steps = Steps(self._random.randrange(8), self._write)

    def _write(self) -> None:
        self._transport.write(self._pieces.pop(0))
        if self._pieces:
            self._later()
            return
        self._is_answering = False
        if self._is_last:
            self._transport.close()


def _call_in(target: str, body: bytes) -> str:
    """The id of the call: in the body if there is one, else at the end of the path."""
    if not body:
        return target.rsplit("/", 1)[1]
    sent = json.loads(body)
    return str(sent.get("customer_id") or sent["id"])
