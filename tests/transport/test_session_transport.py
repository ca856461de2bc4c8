"""A session of the user's own: what it does for them, and what it cannot do to a call."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from paycombat_async import (
    AsyncPayCombat,
    ConfigurationError,
    ConnectFailed,
    Disconnected,
    Draft,
    Outcome,
    PayCombatError,
    UpdateCustomer,
)
from paycombat_async.sandbox import Sandbox
from paycombat_async.transport import SessionTransport
from paycombat_sync import PayCombat
from tests.processes import PATIENCE_S
from tests.raw_server import Arrived, RawServer, answering, http

OK = b'{"status":true,"message":"OK","data":{"customer_id":"customer_1"}}'
HOST = "provider.test"


def draft(base_url: str, method: str = "POST", *, is_once_only: bool = False) -> Draft:
    body = b"{}" if method in {"POST", "PATCH"} else None
    return Draft("test", method, f"{base_url}/x", {"X-token": "snd_t"}, body, is_once_only)


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[RawServer]:
    async with RawServer(answering(http(200, OK))) as server:
        yield server


class Resolver(aiohttp.abc.AbstractResolver):
    """Knows one name."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        self.asked.append(host)
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 6, "flags": 0}]

    async def close(self) -> None: ...


class OddResolver(Resolver):
    """Returns or raises what no resolver should."""

    def __init__(self, found: Any) -> None:
        super().__init__()
        self.found = found

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        if isinstance(self.found, BaseException):
            raise self.found
        return self.found


ODD_ANSWERS: dict[str, Any] = {
    "nothing": None,
    "an empty list": [],
    "a text": "marked",
    "a number": 5,
    "a list of nothing": [None],
    "an address without its parts": [{"host": "marked"}],
    "an address without a host": [{"hostname": HOST, "host": None, "port": 1, "family": 2, "proto": 6, "flags": 0}],
    "an error of another library": ValueError("marked"),
    "a cancellation that nobody asked for": asyncio.CancelledError("marked"),
}


@pytest.mark.promise("P3")
@pytest.mark.parametrize("found", ODD_ANSWERS.values(), ids=ODD_ANSWERS)
async def test_an_odd_resolver_of_a_session_sends_nothing(found: Any) -> None:
    """Whatever it gives is a failed look-up: nothing was sent, and its words are not shown."""

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=OddResolver(found)))

    transport = SessionTransport(session)
    with pytest.raises(ConnectFailed) as caught:
        await transport.send(draft(f"http://{HOST}", is_once_only=True), PATIENCE_S)
    await transport.aclose()

    assert (Outcome.NOT_SENT, None, None) == (caught.value.outcome, caught.value.__cause__, caught.value.__context__)
    assert "marked" not in str(caught.value)


@pytest.mark.promise("P8")
async def test_a_session_is_used_and_never_closed(server: RawServer) -> None:
    """Neither by the transport nor by the client."""
    async with aiohttp.ClientSession() as session:
        transport = SessionTransport(session)
        settings = {"token": "snd_t", "signature_key": "snd_k", "base_url": server.base_url}
        async with AsyncPayCombat(**settings, transport=transport) as client:
            customer = await client.customers.update(UpdateCustomer(customer_id="customer_1"))
        await transport.aclose()

        assert ("customer_1", False) == (customer.customer_id, session.closed)
        async with session.get(server.base_url) as response:
            assert OK == await response.read()
    assert 1 == server.connections


@pytest.mark.promise("P8")
async def test_a_function_makes_a_session_for_each_loop(server: RawServer) -> None:
    """What it made is closed by the transport, or with its loop."""
    made: list[aiohttp.ClientSession] = []

    def make() -> aiohttp.ClientSession:
        made.append(aiohttp.ClientSession())
        return made[-1]

    transport = SessionTransport(make)
    await transport.send(draft(server.base_url), PATIENCE_S)
    await transport.send(draft(server.base_url), PATIENCE_S)
    await asyncio.to_thread(lambda: asyncio.run(transport.send(draft(server.base_url), PATIENCE_S)))
    states = [session.closed for session in made]
    await transport.aclose()

    assert [False, True] == states
    assert all(session.closed for session in made)


def test_the_blocking_client_calls_the_function_in_its_own_loop() -> None:
    """Against the sandbox, twice, and closed with the client."""
    made: list[aiohttp.ClientSession] = []

    def make() -> aiohttp.ClientSession:
        made.append(aiohttp.ClientSession())
        return made[-1]

    with Sandbox(customers=1) as sandbox:
        settings = {"token": sandbox.token, "signature_key": sandbox.signature_key, "base_url": sandbox.base_url}
        with PayCombat(**settings, transport=SessionTransport(make)) as client:
            [customer] = sandbox.customer_ids
            found = [client.customers.retrieve(customer).customer_id for _ in range(2)]
    assert [customer] * 2 == found
    assert [True] == [session.closed for session in made]


@pytest.mark.promise("P11")
async def test_a_session_that_cannot_work_is_a_mistake_said_at_once(server: RawServer) -> None:
    """Closed, of another loop, or none at all. Nothing is sent, and nobody waits for a second attempt."""
    closed = aiohttp.ClientSession()
    await closed.close()
    elsewhere = await asyncio.to_thread(lambda: asyncio.run(_session()))
    sayings = []
    for source in (closed, lambda: closed, elsewhere, lambda: "no session", lambda: {}["marked"]):
        transport = SessionTransport(source)  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError) as caught:
            await transport.send(draft(server.base_url), PATIENCE_S)
        sayings.append((caught.value.outcome, str(caught.value)))
    with pytest.raises(ConfigurationError, match="takes an aiohttp"):
        SessionTransport("no session")  # type: ignore[arg-type]
    await elsewhere.close()

    words = ["is closed", "is closed", "another event loop", "gave no ClientSession, but str", "gave KeyError"]
    assert all(
        outcome is Outcome.NOT_SENT and word in said for word, (outcome, said) in zip(words, sayings, strict=True)
    )
    assert [] == server.arrived


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


async def test_its_resolver_traces_headers_and_middlewares_serve(server: RawServer) -> None:
    """That is what it is for."""
    seen: list[str] = []

    async def note(*_: object) -> None:
        seen.append("trace")

    async def stamp(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        request.headers["X-Stamp"] = "stamp"
        seen.append("middleware")
        return await handler(request)

    trace, resolver = aiohttp.TraceConfig(), Resolver()
    trace.on_request_end.append(note)
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=resolver),
        trace_configs=[trace],
        middlewares=(stamp,),
        headers={"X-Session": "session", "Accept-Encoding": "br", "X-token": "of the session"},
    )
    async with session:
        port = server.base_url.rpartition(":")[2]
        await SessionTransport(session).send(draft(f"http://{HOST}:{port}"), PATIENCE_S)

    headers = server.arrived[0].headers
    assert (["middleware", "trace"], [HOST]) == (seen, resolver.asked)
    assert ("session", "stamp") == (headers["x-session"], headers["x-stamp"])
    assert ("gzip", "snd_t") == (headers["accept-encoding"], headers["x-token"])


@pytest.mark.promise("P9")
async def test_its_cookies_are_not_sent() -> None:
    """Neither those that it was made with nor those of an answer."""
    async with (
        RawServer(answering(http(200, OK, "Set-Cookie: a=b; Path=/"))) as server,
        aiohttp.ClientSession(cookies={"c": "d"}, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        transport = SessionTransport(session)
        for method in ("POST", "GET"):
            await transport.send(draft(server.base_url, method), PATIENCE_S)

    assert [False, False] == ["cookie" in arrived.headers for arrived in server.arrived]


@pytest.mark.promise("P3", "P9")
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_middleware_that_tries_again_does_not_pay_twice(method: str, server: RawServer) -> None:
    """The second sending is refused, and the outcome of the call is unknown."""

    async def twice(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        response = await handler(request)
        await response.read()
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=(twice,)) as session:
        with pytest.raises(Disconnected) as caught:
            await SessionTransport(session).send(draft(server.base_url, method), PATIENCE_S)

    assert (Outcome.UNKNOWN, 1) == (caught.value.outcome, len(server.arrived))


@pytest.mark.promise("P3")
async def test_a_middleware_may_try_again_what_was_not_sent() -> None:
    """Nothing left at the first try: nobody listened yet."""
    tries: list[int] = []
    async with RawServer(answering(http(200, OK))) as server:

        async def patient(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
            tries.append(1)
            try:
                return await handler(request)
            except aiohttp.ClientConnectorError:
                resolver.port = int(server.base_url.rpartition(":")[2])
                return await handler(request)

        class Moving(Resolver):
            port = 1

            async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
                return await super().resolve(host, self.port, family)

        resolver = Moving()
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False)
        async with aiohttp.ClientSession(connector=connector, middlewares=(patient,)) as session:
            reply = await SessionTransport(session).send(draft(f"http://{HOST}:1"), PATIENCE_S)

    assert (OK, 1, 1) == (reply.body, len(tries), len(server.arrived))


@pytest.mark.promise("P3", "P9")
@pytest.mark.parametrize("stray", [http(200, b'{"stray":1}'), b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_its_idle_connections_are_checked_too(stray: bytes) -> None:
    """Of whichever connector it has, and of requests of others over the same connections."""
    writers: list[asyncio.StreamWriter] = []

    async def script(_reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        writers.append(writer)
        writer.write(http(200, OK))
        return True

    async with RawServer(script) as server, aiohttp.ClientSession() as session:
        async with session.get(server.base_url) as response:
            await response.read()
        transport = SessionTransport(session)
        bodies = [(await transport.send(draft(server.base_url), PATIENCE_S)).body]
        writers[-1].write(stray)
        for _ in range(20):
            await asyncio.sleep(0)
        bodies.append((await transport.send(draft(server.base_url, is_once_only=True), PATIENCE_S)).body)

    assert ([OK, OK], 3, 2) == (bodies, len(server.arrived), server.connections)


async def test_a_session_that_is_closed_ends_the_calls_that_wait() -> None:
    """aiohttp cancels them, as if the caller had done so: they end with an error that says that nothing was sent."""
    begun = asyncio.Event()

    async def script(reader: asyncio.StreamReader, _writer: object, _arrived: Arrived) -> bool:
        begun.set()
        await reader.read()
        return False

    async with RawServer(script) as server:
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1))
        other = asyncio.create_task(_read(session, server.base_url))
        await begun.wait()
        waiting = asyncio.create_task(SessionTransport(session).send(draft(server.base_url), PATIENCE_S))
        for _ in range(10):
            await asyncio.sleep(0)

        await session.close()
        with pytest.raises(ConnectFailed) as caught:
            await waiting
        await asyncio.wait([other])

    assert (Outcome.NOT_SENT, 1) == (caught.value.outcome, len(server.arrived))


async def _read(session: aiohttp.ClientSession, url: str) -> None:
    try:
        await session.get(url)
    except aiohttp.ClientError as error:
        logging.getLogger("test").debug("closed: %r", error)


@pytest.mark.promise("P7")
async def test_its_errors_hold_nothing_of_aiohttp(server: RawServer) -> None:
    """A middleware's error is one of ours, without its text."""

    async def fail(_request: aiohttp.ClientRequest, _handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        raise RuntimeError("marked")

    async with aiohttp.ClientSession(middlewares=(fail,)) as session:
        with pytest.raises(PayCombatError) as caught:
            await SessionTransport(session).send(draft(server.base_url), PATIENCE_S)

    assert (Outcome.NOT_SENT, None) == (caught.value.outcome, caught.value.__context__)
    assert "marked" not in str(caught.value)
