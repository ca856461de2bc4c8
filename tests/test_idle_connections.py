"""What comes over a pooled connection while nobody waits for it, and while the caller's own code blocks the loop."""

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import aiohttp
import pytest
import trustme

from paycombat_async import ConnectFailed, Draft, Outcome, RawReply
from paycombat_async.sandbox._background_loop import BackgroundLoop
from tests.raw_server import Arrived, Serve, http
from tests.transport.ways import WAYS

pytestmark = pytest.mark.promise("P3", "P9")

OK = b'{"status":true,"message":"OK","data":{"id":"payout_2"}}'
STRAY = b'{"status":true,"message":"OK","data":{"id":"payout_of_somebody_else"}}'
LONGEST_S = 60  # a bound, not a measurement
STATUSES = [200, 201, 204, 302, 400, 401, 403, 404, 408, 409, 422, 429, 499, 500, 502, 503]

Writer = asyncio.StreamWriter
Incident = Callable[[Writer], Awaitable[None]]


def writes(data: bytes) -> Incident:
    async def write(writer: Writer) -> None:
        writer.write(data)

    return write


async def ends(writer: Writer) -> None:
    """Without a wait for the peer's own end, which over TLS does not come while its loop is blocked."""
    writer.close()
    for _ in range(5):
        await asyncio.sleep(0)


async def resets(writer: Writer) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


INCIDENTS: dict[str, Incident] = {
    **{f"stray {status}": writes(http(status, b"" if status == 204 else STRAY)) for status in STATUSES},
    "half a head": writes(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "an interim answer": writes(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "garbage": writes(b"\x00\xff\r\n\r\n"),
    "an empty line": writes(b"\r\n"),
    "an end": ends,
    "a reset": resets,
}


class Peer:
    """Answers each request; after the first answer something happens on that connection once `incident` is set."""

    def __init__(self, incident: Incident) -> None:
        self._incident = incident
        self.go = threading.Event()
        self.done = threading.Event()
        self.arrived: list[Arrived] = []

    async def script(self, _reader: asyncio.StreamReader, writer: Writer, arrived: Arrived) -> bool:
        self.arrived.append(arrived)
        writer.write(http(200, OK))
        await writer.drain()
        if len(self.arrived) == 1:
            await asyncio.to_thread(self.go.wait, LONGEST_S)
            await self._incident(writer)
            self.done.set()
        return True


@pytest.fixture(name="authority", scope="module")
def _authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(name="server_tls")
def _server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(name="client_tls")
def _client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


@pytest.fixture(name="run")
def _run(loop_kind: str) -> Iterator[Callable[..., object]]:
    """Runs a coroutine in a loop of this kind."""
    factory = None if loop_kind == "asyncio" else pytest.importorskip("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        yield runner.run


@pytest.mark.parametrize(
    ("loop_kind", "way"), [("asyncio", "direct"), ("uvloop", "direct"), ("asyncio", "user's session")]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("incident", INCIDENTS)
def test_what_comes_while_the_loop_is_blocked_is_not_the_next_answer(
    incident: str, scheme: str, way: str, run, serve: Serve, server_tls, client_tls
) -> None:
    """The loop had no turn to read it: it lies in the socket when the connection is taken, and another one is used."""
    peer = Peer(INCIDENTS[incident])
    base_url = serve(peer.script, server_tls if scheme == "https" else None)

    async def two_payouts() -> list[RawReply]:
        transport = WAYS[way](base_url=base_url, ssl_context=client_tls)
        payout = Draft("payouts.create", "POST", f"{base_url}/x", {}, b"{}", is_once_only=True)
        first = await transport.send(payout, LONGEST_S)
        peer.go.set()
        assert peer.done.wait(LONGEST_S)  # blocks the loop on purpose
        second = await transport.send(payout, LONGEST_S)
        await transport.aclose()
        return [first, second]

    answers = run(two_payouts())

    assert [(200, OK), (200, OK)] == [(answer.status, answer.body) for answer in answers]
    assert 2 == len(peer.arrived)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("greeting", [http(200, STRAY), b"220 mail.example ready\r\n", b""])
async def test_a_peer_that_speaks_first_is_given_up_after_two_connections(
    greeting: bytes, way: str, monkeypatch
) -> None:
    """So is one that ends each new connection: nothing is sent, and nobody connects for ever."""
    greeted, ended = threading.Semaphore(0), threading.Semaphore(0)
    received: list[bytes] = []

    async def greet(reader: asyncio.StreamReader, writer: Writer) -> None:
        writer.write(greeting)
        if not greeting:
            writer.write_eof()
        greeted.release()
        try:
            received.append(await reader.read())
        except ConnectionError:  # the caller closes without having read the greeting
            received.append(b"")
        writer.close()
        ended.release()

    connect = aiohttp.TCPConnector.connect

    async def connect_and_let_it_speak(*arguments, **options):
        connection = await connect(*arguments, **options)
        assert greeted.acquire(timeout=LONGEST_S)
        return connection

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect_and_let_it_speak)
    thread = BackgroundLoop("greeter")
    server = thread.run(asyncio.start_server(greet, "127.0.0.1", 0))
    base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    transport = WAYS[way](base_url=base_url)

    with pytest.raises(ConnectFailed) as caught:
        await transport.send(Draft("payouts.create", "POST", f"{base_url}/x", {}, b"{}"), LONGEST_S)

    await transport.aclose()
    for _ in range(2):
        assert await asyncio.to_thread(ended.acquire, timeout=LONGEST_S)
    server.get_loop().call_soon_threadsafe(server.close)
    thread.stop()
    assert (Outcome.NOT_SENT, [b"", b""]) == (caught.value.outcome, received)
    assert "before a request is sent" in str(caught.value)
