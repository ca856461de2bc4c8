"""What can go wrong before there is a connection: nothing was sent, said in words, in time, and as an error of ours."""

import asyncio
import datetime as dt
import errno
import socket
import ssl
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohappyeyeballs
import pytest
import trustme

from paycombat_async import ConnectFailed, Draft, Outcome, PayCombatError, RawReply, Secret, TransportError
from paycombat_async.transport import AiohttpTransport
from tests.processes import PATIENCE_S, run
from tests.raw_server import Arrived, RawServer, answering, http
from tests.transport.tunnel import refusing, tunnel

pytestmark = pytest.mark.promise("P3")

NAME = "provider.test"
OK = b'{"status":true,"message":"OK","data":{"customer_id":"customer_1"}}'
NEVER = 10.0 * PATIENCE_S  # longer than a test may take
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
FAR_AWAY = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)

Look = Callable[..., object]


@pytest.fixture(name="authority", scope="module")
def _authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(name="client_tls")
def _client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


def server_tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture(name="resolve_with")
def _resolve_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Look], None]:
    """Sets what resolves all names of this process."""
    return lambda look_up: monkeypatch.setattr(socket, "getaddrinfo", look_up)


def at(*addresses: str) -> Look:
    """A resolver that knows these addresses for every name."""
    return lambda _host, port, *_rest, **_options: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
    ]


def raising(error: BaseException) -> Look:
    def look_up(*_arguments: object, **_options: object) -> object:
        raise error

    return look_up


async def send(base_url: str, *, timeout: float = PATIENCE_S, **options: Any) -> RawReply:
    """Sends a payout with a transport of its own."""
    transport = AiohttpTransport(base_url=base_url, **options)
    try:
        draft = Draft("payouts.create", "POST", f"{base_url}/x", {"X-token": "snd_t"}, b"{}", is_once_only=True)
        return await transport.send(draft, timeout)
    finally:
        await transport.aclose()


async def failure(sent: Awaitable[RawReply]) -> str:
    """The words of the error, which says that nothing was sent and holds nothing of other libraries."""
    with pytest.raises(PayCombatError) as caught:
        await sent
    error = caught.value
    assert (ConnectFailed, Outcome.NOT_SENT) == (type(error), error.outcome)
    assert (None, None) == (error.__cause__, error.__context__)
    return str(error)


@pytest.fixture(name="hanging")
def _hanging(resolve_with: Callable[[Look], None]) -> Iterator[threading.Event]:
    """A resolver that does not answer before this event is set. Sets it at the end."""
    over = threading.Event()

    def look_up(*_arguments: object, **_options: object) -> object:
        over.wait(PATIENCE_S)
        raise socket.gaierror(socket.EAI_AGAIN, "over")

    resolve_with(look_up)
    yield over
    over.set()


@pytest.mark.promise("P4")
async def test_connect_timeout_covers_resolving(hanging: threading.Event) -> None:
    """A DNS server that does not answer takes no more than that."""
    words = await failure(send(f"http://{NAME}:1", connect_timeout=0.05, timeout=NEVER))

    assert "no connection within the time allowed" in words
    assert not hanging.is_set()


def test_a_resolver_that_hangs_does_not_keep_the_program(hanging: threading.Event) -> None:
    """`asyncio.run` waits for the threads of its loop's pool: the look-up is in none of them."""
    words = asyncio.run(failure(send(f"http://{NAME}:1", connect_timeout=0.05, timeout=NEVER)))

    assert "no connection within the time allowed" in words
    assert not hanging.is_set()


@pytest.mark.promise("P4")
async def test_connect_timeout_covers_all_addresses_together(resolve_with, client_tls) -> None:
    """Four addresses at which the handshake never ends: the first takes all the time, and none gets as much again."""
    async with RawServer(answering()) as server:  # it takes the handshake for the beginning of a request
        port = server.base_url.rpartition(":")[2]
        resolve_with(at("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1"))

        words = await failure(
            send(f"https://{NAME}:{port}", connect_timeout=0.2, timeout=NEVER, ssl_context=client_tls)
        )

    assert "no connection within the time allowed" in words
    assert 1 >= server.connections


@pytest.mark.promise("P4")
async def test_connect_timeout_covers_a_proxy_that_does_not_answer(client_tls) -> None:
    """CONNECT is part of connecting."""

    async def keep_quiet(reader: asyncio.StreamReader, _writer: object, _arrived: Arrived) -> bool:
        await reader.read()
        return False

    async with RawServer(keep_quiet) as proxy:
        words = await failure(
            send(
                f"https://{NAME}",
                connect_timeout=0.05,
                timeout=NEVER,
                ssl_context=client_tls,
                proxy=Secret(proxy.base_url),
            )
        )

    assert "no connection within the time allowed" in words
    assert [("CONNECT", f"{NAME}:443")] == [(arrived.method, arrived.target) for arrived in proxy.arrived]


async def test_a_name_is_resolved(resolve_with) -> None:
    """And the connection made to its address."""
    async with RawServer(answering(http(200, OK))) as server:
        port = server.base_url.rpartition(":")[2]
        resolve_with(at("127.0.0.1"))

        reply = await send(f"http://{NAME}:{port}")

    assert OK == reply.body


ODD_RESOLVERS: dict[str, tuple[Look, str]] = {
    "no such name": (raising(socket.gaierror(socket.EAI_NONAME, "marked")), "its name cannot be resolved"),
    "a name that cannot be encoded": (
        raising(UnicodeError("encoding with 'idna' codec failed (UnicodeError: label empty or too long)")),
        "its name cannot be resolved",
    ),
    "no address": (at(), "its name cannot be resolved"),
    "an odd error": (raising(RuntimeError("marked")), "its name cannot be resolved"),
    "an error that futures refuse": (raising(StopIteration("marked")), "its name cannot be resolved"),
    "an error that ends threads": (raising(SystemExit("marked")), "its name cannot be resolved"),
    "addresses of another kind": (
        lambda *_arguments, **_options: [(socket.AF_UNIX, socket.SOCK_STREAM, 0, "", ("/tmp", 0))],
        "its name cannot be resolved",
    ),
    "an address that is none": (at("marked"), "could not connect"),
}


@pytest.mark.parametrize(("look_up", "words"), ODD_RESOLVERS.values(), ids=ODD_RESOLVERS)
async def test_an_odd_resolver_is_an_error_of_ours(look_up: Look, words: str, resolve_with) -> None:
    """Whatever it raises or returns."""
    resolve_with(look_up)

    said = await failure(send(f"http://{NAME}:1"))

    assert words in said
    assert "marked" not in said


ODD_ERRORS: dict[str, tuple[BaseException, str]] = {
    "no file descriptors": (OSError(errno.EMFILE, "marked"), "no file descriptors left"),
    "none in all of the machine": (OSError(errno.ENFILE, "marked"), "no file descriptors left"),
    "no route": (OSError(errno.ENETUNREACH, "marked"), "no route"),
    "no port": (OSError(errno.EADDRNOTAVAIL, "marked"), "no free port"),
    "forbidden": (PermissionError(errno.EPERM, "marked"), "does not allow"),
    "a shutdown": (RuntimeError("cannot schedule new futures after shutdown: marked"), "RuntimeError"),
    "an invalid state": (asyncio.InvalidStateError("marked"), "InvalidStateError"),
    "an assertion": (AssertionError("marked"), "AssertionError"),
    "memory": (MemoryError("marked"), "MemoryError"),
}


@pytest.mark.parametrize(("error", "words"), ODD_ERRORS.values(), ids=ODD_ERRORS)
async def test_what_fails_before_a_connection_is_an_error_of_ours(
    error: BaseException, words: str, monkeypatch
) -> None:
    """Of any type, and with none of its text."""

    async def fail(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(aiohappyeyeballs, "start_connection", fail)

    said = await failure(send("http://127.0.0.1:1"))

    assert words in said
    assert "marked" not in said


async def test_what_fails_after_that_is_an_error_of_ours_too(monkeypatch) -> None:
    """Its outcome is unknown."""

    def fail(*_arguments: object) -> None:
        raise RuntimeError("marked")

    monkeypatch.setattr("paycombat_async.transport.aiohttp_transport.marks_its_end", fail)
    async with RawServer(answering(http(200, OK))) as server:
        with pytest.raises(PayCombatError) as caught:
            await send(server.base_url)

    assert (Outcome.UNKNOWN, None) == (caught.value.outcome, caught.value.__context__)
    assert "RuntimeError" in str(caught.value)
    assert "marked" not in str(caught.value)


CERTIFICATES: dict[str, tuple[Callable[[trustme.CA], trustme.LeafCert], str]] = {
    "wrong name": (lambda authority: authority.issue_cert("other.test"), "its certificate is for another name"),
    "address as a name": (lambda authority: authority.issue_cert("127.0.0.1"), "its certificate is for another name"),
    "expired": (
        lambda authority: authority.issue_cert(NAME, not_before=LONG_AGO, not_after=LONG_AGO.replace(year=2021)),
        "its certificate has expired",
    ),
    "not valid yet": (
        lambda authority: authority.issue_cert(NAME, not_before=FAR_AWAY, not_after=FAR_AWAY.replace(year=2101)),
        "its certificate is not valid yet",
    ),
    "unknown authority": (lambda _authority: trustme.CA().issue_cert(NAME), "authority that this machine does not"),
    "unknown authority between": (
        lambda _authority: trustme.CA().create_child_ca().issue_cert(NAME),
        "authority that this machine does not",
    ),
}


@pytest.mark.parametrize(("issue", "words"), CERTIFICATES.values(), ids=CERTIFICATES)
async def test_a_certificate_that_is_not_accepted_is_explained(
    issue, words, authority, client_tls, resolve_with
) -> None:
    """Each needs something else to be done about it."""
    async with RawServer(answering(http(200, OK)), tls=server_tls(issue(authority))) as server:
        port = server.base_url.rpartition(":")[2]
        resolve_with(at("127.0.0.1"))

        said = await failure(send(f"https://{NAME}:{port}", ssl_context=client_tls))

    assert words in said
    assert [] == server.arrived


async def test_a_certificate_signed_by_itself_is_explained(client_tls, resolve_with, tmp_path) -> None:
    """An authority's own, in this case."""
    other = trustme.CA()
    other.cert_pem.write_to_path(tmp_path / "cert.pem")
    other.private_key_pem.write_to_path(tmp_path / "key.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    async with RawServer(answering(http(200, OK)), tls=context) as server:
        port = server.base_url.rpartition(":")[2]
        resolve_with(at("127.0.0.1"))

        said = await failure(send(f"https://{NAME}:{port}", ssl_context=client_tls))

    assert "its certificate is self-signed" in said


def nobody() -> int:
    """A port on which nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return int(closed.getsockname()[1])


@pytest.mark.parametrize(
    ("status", "words"),
    [(407, "wants a user name and a password"), (403, "refused to connect to it (403)"), (502, "(502)")],
)
async def test_a_proxy_that_refuses_is_named(status, words, client_tls) -> None:
    """And what it wants."""
    async with RawServer(refusing(status)) as proxy:
        said = await failure(send(f"https://{NAME}", ssl_context=client_tls, proxy=Secret(proxy.base_url)))

    assert f"the proxy {words}" in said or words in said


async def test_a_proxy_that_is_not_there_is_named(client_tls, resolve_with) -> None:
    """Neither its connection nor its name are the provider's."""
    dead = Secret(f"http://127.0.0.1:{nobody()}")
    said = [await failure(send(f"https://{NAME}", ssl_context=client_tls, proxy=dead))]
    resolve_with(raising(socket.gaierror(socket.EAI_NONAME, "marked")))
    nameless = Secret("http://proxy.test:3128")
    said += [await failure(send(f"https://{NAME}", ssl_context=client_tls, proxy=nameless))]

    assert "the proxy cannot be reached: the connection was refused" in said[0]
    assert "the proxy's name cannot be resolved" in said[1]


async def test_the_certificate_of_a_proxy_is_named(authority, client_tls, resolve_with) -> None:
    """It is not the provider's that has to be mended."""
    expired = authority.issue_cert("proxy.test", not_before=LONG_AGO, not_after=LONG_AGO.replace(year=2021))
    async with RawServer(tunnel, tls=server_tls(expired)) as proxy:
        port = proxy.base_url.rpartition(":")[2]
        resolve_with(at("127.0.0.1"))

        said = await failure(
            send(f"https://{NAME}", ssl_context=client_tls, proxy=Secret(f"https://proxy.test:{port}"))
        )

    assert "the proxy's certificate has expired" in said


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


@pytest.mark.promise("P9")
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


@pytest.mark.promise("P9")
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


AFTER_THE_END = """
import asyncio, sys, threading
from paycombat_async import AsyncPayCombat, PayCombatError
from paycombat_sync import PayCombat

settings = {"token": "snd_t", "signature_key": "snd_k", "base_url": "http://localhost:1", "max_retries": 0}
blocking = PayCombat(**settings)

async def call():
    async with AsyncPayCombat(**settings) as client:
        await client.customers.retrieve("customer_1")

def work():
    threading.main_thread().join()
    for kind, one in (("async", lambda: asyncio.run(call())), ("blocking", lambda: blocking.customers.retrieve("c"))):
        try:
            one()
        except PayCombatError as error:
            print(kind, type(error).__name__, error.outcome, error)
        except BaseException as error:
            print(kind, "foreign", repr(error))

threading.Thread(target=work).start()
"""


def test_a_first_call_after_the_main_thread_has_ended_is_made() -> None:
    """The interpreter's thread pools are closed by then, but names can be resolved: the port is what refuses."""
    ended = run(sys.executable, "-X", "dev", "-c", AFTER_THE_END, check=True)

    lines = ended.stdout.splitlines()
    assert ["async ConnectFailed not_sent", "blocking ConnectFailed not_sent"] == [
        " ".join(line.split()[:3]) for line in lines
    ]
    assert all("the connection was refused" in line for line in lines)
    assert "" == ended.stderr
