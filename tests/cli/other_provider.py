"""A provider that is not as the SDK expects: a server before a sandbox, which changes paths and answers."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox._background_loop import BackgroundLoop

API = "/api/v1"
# Its own paths, and those of the sandbox behind them.
MOVED = {
    rf"GET {API}/payin-method": f"{API}/payin-method/all",
    rf"GET {API}/customer": f"{API}/customer/customer",
    rf"PATCH {API}/customer/([^/]+)/enable": rf"{API}/customer/enable/\1",
    rf"GET {API}/customer/([^/]+)/wallet-ready": rf"{API}/customer/wallet-ready/\1",
}
GONE = [
    rf"GET {API}/payin-method/all",
    rf"GET {API}/customer/customer",
    rf"PATCH {API}/customer/enable/.*",
    rf"GET {API}/customer/wallet-ready/.*",
    rf"POST {API}/checkout.*",
]
BARE_QUERY = f"GET {API}/payout-method/all"  # refused without a query
PAGE = "<!doctype html><title>PayCombat</title>"


def _upstream_list(body: Any) -> Any:
    """A bare array, in the envelope of the upstream, with a field that is new."""
    return {"success": True, "data": [payout | {"settlement_id": "s-1"} for payout in body["data"]["data"]]}


def _other_balance(body: Any) -> Any:
    return body | {"data": {"currency": "AUD", "available": body["data"]["balance"]}}


def _text_for_a_flag(body: Any) -> Any:
    return body | {"data": body["data"] | {"is_active": "yes"}}


def _kept_reference(body: Any) -> Any:
    """What is sent in an update does not arrive, and "" clears nothing."""
    return body | {"data": body["data"] | {"organization_reference_id": "kept"}}


CHANGED: dict[str, Callable[[Any], Any]] = {
    rf"GET {API}/payout": _upstream_list,
    rf"GET {API}/merchant/balance/.*": _other_balance,
    rf"GET {API}/customer/customer/.+": _text_for_a_flag,
    rf"PATCH {API}/customer/update": _kept_reference,
}
ANSWERED: dict[str, tuple[int, str]] = {
    rf"POST {API}/payin/create": (
        400,
        '{"success":false,"error":{"code":400,"name":"BAD_REQUEST","message":["payin_method_param is required"]}}',
    ),
    rf"GET {API}/master-data.*|GET {API}/country.*": (500, '{"success":false,"message":"try again"}'),
    rf"GET {API}/payment-method.*": (200, PAGE),
}


@dataclass
class OtherProvider:
    """`requests` are those that it got, as in "GET /api/v1/customer"."""

    sandbox: Sandbox
    base_url: str = ""
    requests: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        asked = f"{request.method} {request.path}"
        self.requests.append(asked)
        if any(re.fullmatch(pattern, asked) for pattern in GONE):
            return web.Response(status=404, text='{"success":false,"error":{"code":404}}')
        for pattern, (status, text) in ANSWERED.items():
            if re.fullmatch(pattern, asked):
                return web.Response(status=status, text=text)
        if asked == BARE_QUERY and not request.query_string:
            return web.Response(status=400, text='{"success":false,"error":{"message":"sender_country is required"}}')
        status, body = await self._behind(request, asked)
        for pattern, change in CHANGED.items():
            if status == 200 and re.fullmatch(pattern, asked):
                body = change(body)
        return web.json_response(body, status=status)

    async def _behind(self, request: web.Request, asked: str) -> tuple[int, Any]:
        """What the sandbox answers. It does not see the page that is asked for in a list of checkouts."""
        path = request.path
        for pattern, replacement in MOVED.items():
            if re.fullmatch(pattern, asked):
                path = re.sub(pattern.partition(" ")[2], replacement, path)
        query = "" if path == f"{API}/checkout" else request.query_string
        headers = {name: text for name, text in request.headers.items() if name not in {"Host", "Content-Length"}}
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method,
                f"{self.sandbox.base_url}{path}?{query}".rstrip("?"),
                data=await request.read() or None,
                headers=headers,
            ) as answer,
        ):
            return answer.status, json.loads(await answer.read())


@contextmanager
def other_provider(sandbox: Sandbox) -> Iterator[OtherProvider]:
    """One that runs in a thread of its own."""
    provider = OtherProvider(sandbox)
    thread = BackgroundLoop("other-provider")
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", provider.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def start() -> str:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    try:
        provider.base_url = thread.run(start())
        yield provider
    finally:
        thread.run(runner.cleanup())
        thread.stop()
