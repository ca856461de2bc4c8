"""Fixtures of the tests of the transport: its ways, a certificate authority, peers, and the resolver of names."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import trustme

from paycombat_async.sandbox._background_loop import BackgroundLoop
from tests.transport.connecting import Look
from tests.transport.peers import Listen, Talk
from tests.transport.senders import CROSSINGS, Sender
from tests.transport.ways import OWN, WAYS, Way


@pytest.fixture(name="make", params=WAYS)
def _make(request: pytest.FixtureRequest) -> Way:
    """Makes a transport; the test runs once for each way."""
    return WAYS[request.param]


@pytest.fixture(name="make_own", params=OWN)
def _make_own(request: pytest.FixtureRequest) -> Way:
    """Makes a transport with the SDK's own connections."""
    return OWN[request.param]


@pytest.fixture(name="sender", params=CROSSINGS, ids=map(", ".join, CROSSINGS))
def _sender(request: pytest.FixtureRequest) -> Iterator[Sender]:
    """Sends payouts; the test runs once for each way and kind of event loop."""
    way, loop = request.param
    factory = None if loop == "asyncio" else pytest.importorskip("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        yield Sender(WAYS[way], runner)


@pytest.fixture(name="listen")
def _listen() -> Iterator[Listen]:
    """Starts a server that hands each connection to `talk`, and gives its host and port."""
    thread = BackgroundLoop("listener")
    servers: list[asyncio.Server] = []
    writers: list[asyncio.StreamWriter] = []

    def listen(talk: Talk) -> str:
        async def keep_and_talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await talk(reader, writer)

        servers.append(thread.run(asyncio.start_server(keep_and_talk, "127.0.0.1", 0)))
        return f"127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"

    async def close() -> None:
        for server in servers:
            server.close()
        for writer in writers:
            writer.transport.abort()

    yield listen
    thread.run(close())
    thread.stop()


@pytest.fixture(name="authority", scope="module")
def _authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(name="client_tls")
def _client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


@pytest.fixture(name="resolve_with")
def _resolve_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Look], None]:
    """Sets what resolves all names of this process."""
    return lambda look_up: monkeypatch.setattr(socket, "getaddrinfo", look_up)
