"""The same call made asynchronously by the SDK and by each client one would use instead."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import aiohttp
import msgspec
from yarl import URL

from benchmarks._data import KEY, PATH, REQUESTS, TOKEN, USUAL, account
from benchmarks._peers import bare_signer, installed, load
from paycombat_async import AsyncPayCombat, Customer, Draft, Transport, canonical_json
from paycombat_async._protocol.draft import draft
from paycombat_async.endpoints import UPDATE_CUSTOMER
from paycombat_async.schemas.envelope import Wrapped
from paycombat_async.transport import SessionTransport
from paycombat_async.transport.connections import KEEPALIVE_S

SDK: Final = "paycombat"
BY_SESSION: Final = "SessionTransport"
BARE: Final = "bare aiohttp, all prepared"
UNBOUNDED: Final = "the same, without a time limit"
WHOLE: Final = "aiohttp + json + hmac"
LEAST: Final = "least: bare aiohttp + msgspec + two hash copies"
DEFAULT: Final = "paycombat, 100 connections"
HTTPXES: Final = {name: f"{name}.AsyncClient + json + hmac" for name in ("httpx2", "httpx")}

_REQUEST: Final = REQUESTS[USUAL]
_USUAL_CONNECTIONS: Final = 100  # of a client, unless told otherwise
_TIMEOUT_S: Final = 30.0  # that of the client, unless told otherwise
_ACCEPTED: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "paycombat-benchmark",
}

Call = Callable[[], Awaitable[object]]
Drive = Callable[[int], Awaitable[None]]


@asynccontextmanager
async def callers(base_url: str, concurrency: int) -> AsyncGenerator[dict[str, Call]]:
    """The SDK and aiohttp in several forms."""
    prepared = draft(UPDATE_CUSTOMER, _REQUEST, {}, None, account(base_url))
    async with (
        _client(base_url, concurrency) as client,
        _session(concurrency, _TIMEOUT_S) as bounded,
        _session(concurrency, None) as unbounded,
        _session(concurrency, _TIMEOUT_S) as whole,
        _session(concurrency, _TIMEOUT_S) as given,
        _client(base_url, concurrency, SessionTransport(given)) as through_session,
    ):
        yield {
            SDK: lambda: client.customers.update(_REQUEST),
            BY_SESSION: lambda: through_session.customers.update(_REQUEST),
            BARE: _bare(bounded, prepared),
            UNBOUNDED: _bare(unbounded, prepared),
            WHOLE: _whole(whole, prepared.url),
            LEAST: _least(bounded, prepared.url),
        }


@asynccontextmanager
async def rivals(base_url: str, concurrency: int) -> AsyncGenerator[dict[str, Call]]:
    """The SDK, and httpx2 and httpx if they are installed."""
    async with AsyncExitStack() as stack:
        names = [SDK, *(HTTPXES[name] for name in installed(*HTTPXES))]
        yield {name: await stack.enter_async_context(caller(name, base_url, concurrency)) for name in names}


@asynccontextmanager
async def caller(name: str, base_url: str, concurrency: int) -> AsyncGenerator[Call]:
    """One of the SDK, the SDK with its usual number of connections, the bare client, httpx2 and httpx, by its name.

    Each has as much time for connecting as for the whole call: thousands of connections take a while.
    """
    async with AsyncExitStack() as stack:
        if name in {SDK, DEFAULT}:
            connections = concurrency if name == SDK else _USUAL_CONNECTIONS
            made = AsyncPayCombat(
                token=TOKEN,
                signature_key=KEY,
                base_url=base_url,
                max_connections=connections,
                connect_timeout=_TIMEOUT_S,
            )
            client = await stack.enter_async_context(made)
            yield lambda: client.customers.update(_REQUEST)
        elif name == BARE:
            session = await stack.enter_async_context(_session(concurrency, _TIMEOUT_S, connect=_TIMEOUT_S))
            yield _bare(session, draft(UPDATE_CUSTOMER, _REQUEST, {}, None, account(base_url)))
        else:
            httpx: Any = load(name.partition(".")[0])
            limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
            other = httpx.AsyncClient(timeout=_TIMEOUT_S, limits=limits, headers=_ACCEPTED)
            yield _httpx(await stack.enter_async_context(other), base_url + PATH)


def at_once(concurrency: int, call: Call) -> Drive:
    """Carries out so many calls by workers that share one iterator, which is the cheapest way there is."""

    async def drive(calls: int) -> None:
        numbers = iter(range(calls))

        async def work() -> None:
            for _ in numbers:
                await call()

        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, calls)):
                group.create_task(work())

    return drive


def driven(runner: asyncio.Runner, drive: Drive) -> Callable[[int], object]:
    """Carries out so many calls in the loop of a runner, for measurements that are not asynchronous themselves."""

    async def carry_out(calls: int) -> None:  # a runner takes coroutines only, and not everything that can be awaited
        await drive(calls)

    return lambda calls: runner.run(carry_out(calls))


def signed_anew() -> Callable[[], tuple[bytes, dict[str, str]]]:
    """Body and headers made for each call, as every user of a plain HTTP client has to do."""
    data, key = json.loads(canonical_json(_REQUEST)), KEY.encode()

    def make() -> tuple[bytes, dict[str, str]]:
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        signature = hmac.new(key, body, hashlib.sha256).hexdigest()
        return body, {"X-token": TOKEN, "Content-Type": "application/json", "signature": signature}

    return make


def _client(base_url: str, concurrency: int, transport: Transport | None = None) -> AsyncPayCombat:
    return AsyncPayCombat(
        token=TOKEN, signature_key=KEY, base_url=base_url, max_connections=concurrency, transport=transport
    )


def _bare(session: aiohttp.ClientSession, prepared: Draft) -> Call:
    url, headers, body = URL(prepared.url, encoded=True), dict(prepared.headers), prepared.body

    async def call() -> object:
        async with session.request("PATCH", url, data=body, headers=headers, allow_redirects=False) as response:
            assert response.status == 200
            return await response.read()

    return call


def _whole(session: aiohttp.ClientSession, address: str) -> Call:
    url, make = URL(address, encoded=True), signed_anew()

    async def call() -> object:
        body, headers = make()
        async with session.request("PATCH", url, data=body, headers=headers, allow_redirects=False) as response:
            assert response.status == 200
            return json.loads(await response.read())

    return call


def _least(session: aiohttp.ClientSession, address: str) -> Call:
    """What no client can do without. Only for the clean answer: nothing odd is tolerated."""
    url, encode, sign = URL(address, encoded=True), msgspec.json.Encoder().encode, bare_signer(KEY.encode())
    decode: Callable[[bytes], object] = msgspec.json.Decoder(Wrapped[Customer]).decode

    async def call() -> object:
        body = encode(_REQUEST)
        headers = {"X-token": TOKEN, "Content-Type": "application/json", "signature": sign(body)}
        async with session.request("PATCH", url, data=body, headers=headers, allow_redirects=False) as response:
            assert response.status == 200
            return decode(await response.read())

    return call


def _httpx(client: Any, url: str) -> Call:
    make = signed_anew()

    async def call() -> object:
        body, headers = make()
        response = await client.patch(url, content=body, headers=headers)
        assert response.status_code == 200
        return json.loads(response.content)

    return call


def _session(concurrency: int, timeout: float | None, connect: float = 5.0) -> aiohttp.ClientSession:
    """With the settings of the SDK's own session, without what the SDK adds to it."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency, keepalive_timeout=KEEPALIVE_S, ttl_dns_cache=60),
        headers=_ACCEPTED,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=connect),
    )
