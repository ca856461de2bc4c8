"""A server that speaks bytes: for answers no HTTP library would give, and for seeing exactly what arrives."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Arrived:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Arrived], Awaitable[bool]]
Serve = Callable[
    ..., str
]  # the fixture `serve`: starts a server with a script, and TLS if given, and gives its address


def http(status: int, body: bytes, *lines: str, reason: str = "X") -> bytes:
    """An answer with a right Content-Length."""
    head = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def answering(*answers: bytes) -> Script:
    """Gives these answers in turn, the last one from then on; keeps the connection open."""
    left = list(answers)

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()
        return True

    return script


@dataclass
class RawServer:
    """`async with RawServer(script) as server`: runs the script for each request, until it returns False."""

    script: Script
    arrived: list[Arrived] = field(default_factory=list)
    connections: int = 0
    base_url: str = ""
    tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        scheme = "http" if self.tls is None else "https"
        self.base_url = f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while True:
                arrived = await _read(reader)
                self.arrived.append(arrived)
                if not await self.script(reader, writer, arrived):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Arrived:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Arrived(method, target, headers, body)
