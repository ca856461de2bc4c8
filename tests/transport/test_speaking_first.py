"""TLS peers that speak first, or end each new connection: two connections at most, and nothing sent if noticed."""

import asyncio
import ssl
import threading
from typing import Any

import aiohttp
import pytest
import trustme

from paycombat_async import Outcome, TransportError
from paycombat_async.sandbox._background_loop import BackgroundLoop
from tests.processes import PATIENCE_S
from tests.raw_server import http
from tests.transport.connecting import OK, failure, send, server_tls

pytestmark = pytest.mark.promise("P3", "P9")


class SpeaksFirst(asyncio.StreamReaderProtocol):
    """Writes, or ends the connection, in the very turn in which its handshake ends, and keeps what it receives."""

    def __init__(self, greeting: bytes, received: list[bytes], over: asyncio.Semaphore) -> None:
        super().__init__(asyncio.StreamReader(), self._listen)
        self._greeting, self._received, self._over = greeting, received, over

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._greeting) if self._greeting else transport.close()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self._received.append(await reader.read())
        except (ConnectionError, ssl.SSLError):
            self._received.append(b"")
        writer.close()
        self._over.release()


@pytest.mark.parametrize("greeting", [http(200, OK), b"220 mail.example ready\r\n", b"\x00", b""])
async def test_a_tls_peer_that_speaks_first_is_given_up_after_two_connections(
    greeting: bytes, authority: trustme.CA, client_tls: ssl.SSLContext
) -> None:
    """So is one that ends each connection after the handshake. Nothing of the request is sent to it."""
    received: list[bytes] = []
    over = asyncio.Semaphore(0)
    tls = server_tls(authority.issue_cert("127.0.0.1"))
    tls.maximum_version = ssl.TLSVersion.TLSv1_2  # in 1.3 its words come after the request, see below
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SpeaksFirst(greeting, received, over), "127.0.0.1", 0, ssl=tls)
    base_url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    said = await failure(send(base_url, ssl_context=client_tls))

    for _ in range(2):
        await over.acquire()
    server.close()
    assert [b"", b""] == received
    assert "before a request is sent" in said


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("greeting", [http(200, OK), b"220 mail.example ready\r\n"])
async def test_what_a_tls_peer_wrote_first_is_read_before_the_request_is_sent(
    greeting: bytes, version: ssl.TLSVersion, authority: trustme.CA, client_tls: ssl.SSLContext, monkeypatch
) -> None:
    """It lies in the socket unread, as session tickets do, which come with every connection of TLS 1.3."""
    spoken = threading.Semaphore(0)
    connect = aiohttp.TCPConnector.connect

    class Speaks(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transport.write(greeting)
            spoken.release()

    async def connect_and_let_it_speak(*arguments: Any) -> object:
        connection = await connect(*arguments)
        assert spoken.acquire(timeout=PATIENCE_S)  # blocks the loop, so that nothing is read meanwhile
        return connection

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect_and_let_it_speak)
    tls = server_tls(authority.issue_cert("127.0.0.1"))
    tls.minimum_version = tls.maximum_version = version
    thread = BackgroundLoop("speaks-first")
    server = thread.run(thread._loop.create_server(Speaks, "127.0.0.1", 0, ssl=tls))

    said = await failure(send(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", ssl_context=client_tls))

    thread._loop.call_soon_threadsafe(server.close)
    thread.stop()
    assert "writes to it, before a request is sent" in said


@pytest.mark.parametrize("greeting", [b"220 mail.example ready\r\n", b"\x00\r\n", b""])
async def test_a_tls_1_3_peer_that_speaks_first_gets_one_request(
    greeting: bytes, authority: trustme.CA, client_tls: ssl.SSLContext
) -> None:
    """Its handshake ends when ours has ended, so that its words meet the request: nobody knows what became of it."""
    received: list[bytes] = []
    over = asyncio.Semaphore(0)
    tls = server_tls(authority.issue_cert("127.0.0.1"))
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SpeaksFirst(greeting, received, over), "127.0.0.1", 0, ssl=tls)

    with pytest.raises(TransportError) as caught:
        await send(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", ssl_context=client_tls)

    await over.acquire()
    server.close()
    assert (Outcome.UNKNOWN if any(received) else caught.value.outcome) == caught.value.outcome
    assert len(received) <= 2
