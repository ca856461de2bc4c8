"""What can go wrong before there is a connection: nothing was sent, said in words, in time, and as an error of ours."""

import asyncio
import errno
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import aiohappyeyeballs
import aiohttp
import pytest

from paycombat_async import ConfigurationError, Draft, Outcome, PayCombatError, Secret
from paycombat_async.transport import AiohttpTransport
from paycombat_async.transport.guarded_connector import GuardedConnector
from tests.processes import PATIENCE_S, run
from tests.raw_server import Arrived, RawServer, answering, http
from tests.transport.connecting import NAME, NEVER, OK, Look, at, failure, raising, send

pytestmark = pytest.mark.promise("P3")


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
    "no such name, as it seems": (raising(OSError("marked")), "its name cannot be resolved"),
    "an error that futures refuse": (raising(StopIteration("marked")), "its name cannot be resolved"),
    "an error that ends threads": (raising(SystemExit("marked")), "its name cannot be resolved"),
    "addresses of another kind": (
        lambda *_arguments, **_options: [(socket.AF_UNIX, socket.SOCK_STREAM, 0, "", ("/tmp", 0))],
        "its name cannot be resolved",
    ),
    "an address that is none": (at("marked"), "could not connect"),
    "nothing at all": (lambda *_arguments, **_options: None, "its name cannot be resolved"),
    "a number": (lambda *_arguments, **_options: 5, "its name cannot be resolved"),
    "items that are no addresses": (lambda *_arguments, **_options: [None], "its name cannot be resolved"),
    "items that are too short": (
        lambda *_arguments, **_options: [(socket.AF_INET, socket.SOCK_STREAM)],
        "its name cannot be resolved",
    ),
    "an address without a host": (
        lambda *_arguments, **_options: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (None, 1))],
        "its name cannot be resolved",
    ),
}


@pytest.mark.parametrize(("look_up", "words"), ODD_RESOLVERS.values(), ids=ODD_RESOLVERS)
async def test_an_odd_resolver_is_an_error_of_ours(look_up: Look, words: str, resolve_with) -> None:
    """Whatever it raises or returns."""
    resolve_with(look_up)

    said = await failure(send(f"http://{NAME}:1"))

    assert words in said
    assert "marked" not in said


async def test_a_name_that_cannot_be_asked_for_is_not_said_to_be_wrong(resolve_with, monkeypatch) -> None:
    """Without file descriptors the C library says that there is no such name."""

    def no_socket(*_arguments: object) -> None:
        raise OSError(errno.EMFILE, "marked")

    def look_up(*_arguments: object, **_options: object) -> object:
        monkeypatch.setattr(socket, "socket", no_socket)
        raise socket.gaierror(socket.EAI_AGAIN, "marked")

    resolve_with(look_up)

    said = await failure(send(f"http://{NAME}:1"))

    monkeypatch.undo()
    assert "no file descriptors left" in said


def test_a_call_outside_of_an_event_loop_is_an_error_of_ours() -> None:
    """As under trio, which drives coroutines of its own."""
    draft = Draft("test", "GET", "http://127.0.0.1:1/x", {}, None)

    with pytest.raises(ConfigurationError, match="asyncio"):
        AiohttpTransport(base_url="http://127.0.0.1:1").send(draft, 1.0).send(None)


async def test_a_call_outside_of_a_task_is_an_error_of_ours() -> None:
    """As in a callback of the loop that drives a coroutine by hand."""
    seen: list[BaseException] = []

    def drive() -> None:
        draft = Draft("test", "GET", "http://127.0.0.1:1/x", {}, None)
        try:
            AiohttpTransport(base_url="http://127.0.0.1:1").send(draft, 1.0).send(None)
        except BaseException as error:  # noqa: BLE001  # it is looked at below
            seen.append(error)

    asyncio.get_running_loop().call_soon(drive)
    await asyncio.sleep(0)

    assert [ConfigurationError] == [type(error) for error in seen]


@pytest.mark.parametrize(
    "wrong", [True, "ca.pem", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)], ids=["bool", "path", "for a server"]
)
def test_an_ssl_context_that_is_none_is_refused_at_once(wrong: Any) -> None:
    """And not at the first call, by aiohttp."""
    with pytest.raises(ConfigurationError, match="ssl_context"):
        AiohttpTransport(base_url="https://127.0.0.1:1", ssl_context=wrong)


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

    monkeypatch.setattr("paycombat_async.transport.direct_transport.marks_its_end", fail)
    async with RawServer(answering(http(200, OK))) as server:
        with pytest.raises(PayCombatError) as caught:
            await send(server.base_url)

    assert (Outcome.UNKNOWN, None) == (caught.value.outcome, caught.value.__context__)
    assert "RuntimeError" in str(caught.value)
    assert "marked" not in str(caught.value)


async def test_a_second_connection_gets_what_is_left_of_the_time(monkeypatch) -> None:
    """A peer that ends each new one: the limit of connecting is set once for an attempt."""
    limits: list[float | None] = []
    create = aiohttp.TCPConnector._create_connection

    async def create_and_note(connector: GuardedConnector, *arguments: Any) -> object:
        limits.append(connector.deadlines.current().connect_until)
        return await create(connector, *arguments)

    async def close_first(*arguments: Any) -> object:
        connection = await connect(*arguments)
        connection.transport.abort()
        return connection

    connect = aiohttp.TCPConnector.connect
    monkeypatch.setattr(aiohttp.TCPConnector, "connect", close_first)
    monkeypatch.setattr(aiohttp.TCPConnector, "_create_connection", create_and_note)
    async with RawServer(answering(http(200, OK))) as server:
        await failure(send(server.base_url))

    assert 2 == len(limits)
    assert 1 == len({*limits})


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
    """The interpreter's thread pools are closed by then, but names can be resolved: the port is what refuses.

    Python 3.12.1 starts no thread at all by then: even that is an error of ours.
    """
    ended = run(sys.executable, "-X", "dev", "-c", AFTER_THE_END, check=True)

    lines = ended.stdout.splitlines()
    assert ["async", "blocking"] == [line.split()[0] for line in lines]
    assert {"not_sent"} == {line.split()[2] for line in lines}
    if sys.version_info[:2] != (3, 12):
        assert {"ConnectFailed"} == {line.split()[1] for line in lines}
        assert all("the connection was refused" in line for line in lines)
    assert "" == ended.stderr
