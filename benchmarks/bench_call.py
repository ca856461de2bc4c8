"""A call over a real socket, against the bare HTTP client: `python -m benchmarks call`."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import aiohttp
from yarl import URL

from benchmarks._data import KEY, REQUESTS, TOKEN, USUAL, account
from benchmarks._harness import Effort, measure_async
from benchmarks._results import Goal, Row, Table, times_the_cost
from benchmarks._server import running_server
from paycombat_async import AsyncPayCombat, Draft, canonical_json
from paycombat_async._protocol import draft
from paycombat_async.endpoints import UPDATE_CUSTOMER
from paycombat_async.transport import KEEPALIVE_S

_SDK: Final = "paycombat"
_BARE: Final = "bare aiohttp, all prepared"
_UNBOUNDED: Final = "the same, without a time limit"
_WHOLE: Final = "bare aiohttp + json + hmac"
_GOALS: Final = {"clean": Goal("<=", 1.25), "drifting": Goal("<=", 1.5)}
_REQUEST: Final = REQUESTS[USUAL]
_TIMEOUT_S: Final = 30.0  # that of the client, unless told otherwise

Call = Callable[[], Awaitable[object]]


def run(effort: Effort) -> list[Table]:
    """Processor time of the client per call, at several degrees of concurrency."""
    table = Table("call", "Update Customer, asynchronous", "times the processor time of the named bare call")
    with running_server() as base_url:
        for concurrency in (1, 16, 128):
            table.rows += asyncio.run(_compare(base_url, concurrency, effort))
    table.remarks += [
        "loopback, no TLS; the server is a process of its own and checks every signature",
        f"{_BARE}: the same session settings and time limit, bytes and headers made beforehand, answer only read",
        f"{_WHOLE}: that, and json.dumps, hmac.new and json.loads in each call",
    ]
    return [table]


async def _compare(base_url: str, concurrency: int, effort: Effort) -> list[Row]:
    async with AsyncExitStack() as stack:
        contenders: dict[str, Callable[[int], Awaitable[None]]] = {}
        for answer in _GOALS:
            made = await stack.enter_async_context(_calls(f"{base_url}/{answer}", concurrency))
            contenders |= {f"{answer}: {name}": at_once(concurrency, call) for name, call in made.items()}
        samples = await measure_async(contenders, effort.rounds, max(effort.calls, 5 * concurrency))
    rows: list[Row] = []
    for answer, goal in _GOALS.items():
        prefix = f"{answer}: "
        own = {name.removeprefix(prefix): taken for name, taken in samples.items() if name.startswith(prefix)}
        case = f"{answer} answer, {concurrency} at once"
        rows += [times_the_cost(case, own, of=name, base=_BARE) for name in (_BARE, _UNBOUNDED, _WHOLE)]
        rows.append(times_the_cost(case, own, of=_SDK, base=_BARE, goal=goal))
        rows += [times_the_cost(case, own, of=_SDK, base=base) for base in (_UNBOUNDED, _WHOLE)]
    return rows


def at_once(concurrency: int, call: Call) -> Callable[[int], Awaitable[None]]:
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


@asynccontextmanager
async def _calls(base_url: str, concurrency: int) -> AsyncGenerator[dict[str, Call]]:
    prepared = draft(UPDATE_CUSTOMER, _REQUEST, {}, None, account(base_url))
    async with (
        AsyncPayCombat(token=TOKEN, signature_key=KEY, base_url=base_url, max_connections=concurrency) as client,
        _session(concurrency, _TIMEOUT_S) as bounded,
        _session(concurrency, None) as unbounded,
        _session(concurrency, _TIMEOUT_S) as whole,
    ):

        async def ours() -> object:
            return await client.customers.update(_REQUEST)

        yield {
            _SDK: ours,
            _BARE: _bare(bounded, prepared),
            _UNBOUNDED: _bare(unbounded, prepared),
            _WHOLE: _whole(whole, prepared.url),
        }


def _bare(session: aiohttp.ClientSession, prepared: Draft) -> Call:
    url, headers, body = URL(prepared.url, encoded=True), dict(prepared.headers), prepared.body

    async def call() -> object:
        async with session.request("PATCH", url, data=body, headers=headers, allow_redirects=False) as response:
            assert response.status == 200
            return await response.read()

    return call


def _whole(session: aiohttp.ClientSession, address: str) -> Call:
    url, key = URL(address, encoded=True), KEY.encode()
    data = json.loads(canonical_json(_REQUEST))

    async def call() -> object:
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        signature = hmac.new(key, body, hashlib.sha256).hexdigest()
        headers = {"X-token": TOKEN, "Content-Type": "application/json", "signature": signature}
        async with session.request("PATCH", url, data=body, headers=headers, allow_redirects=False) as response:
            assert response.status == 200
            return json.loads(await response.read())

    return call


def _session(concurrency: int, timeout: float | None) -> aiohttp.ClientSession:
    """With the settings of the SDK's own session, without what the SDK adds to it."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency, keepalive_timeout=KEEPALIVE_S, ttl_dns_cache=60),
        headers={"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "paycombat-benchmark"},
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=5.0),
    )
