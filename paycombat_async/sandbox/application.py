"""The aiohttp application: checks a request, runs its handler, and wraps the result in the endpoint's JSON envelope."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from paycombat_async._clock import Clock
from paycombat_async._signing import Signer
from paycombat_async.sandbox.admission import (
    MAX_BODY_BYTES,
    BodyReader,
    check_content_type,
    check_host,
    check_signature,
    check_token,
    reader_of,
)
from paycombat_async.sandbox.arrivals import UNKNOWN, Arrival, Arrivals
from paycombat_async.sandbox.checkouts.hosted.handler import HOSTED_PATH, HOSTED_ROUTE, hosted_handler
from paycombat_async.sandbox.console.page import CONSOLE_ROUTES, add_console
from paycombat_async.sandbox.control.controls import Controls
from paycombat_async.sandbox.control.handler import CONTROL_PATH, CONTROL_ROUTE, control_handler
from paycombat_async.sandbox.envelopes import refusal, upstream_refusal, upstream_status
from paycombat_async.sandbox.faults import Faults, Mishap
from paycombat_async.sandbox.faults.injector import Injector
from paycombat_async.sandbox.faults.wire import RawAnswer
from paycombat_async.sandbox.ledger.report import LEDGER_PATH, report_of
from paycombat_async.sandbox.refusals import Refused, bad_request, not_found
from paycombat_async.sandbox.routes import ROUTES
from paycombat_async.sandbox.routing import Route, RoutedCall
from paycombat_async.sandbox.state import SandboxState
from paycombat_async.sandbox.traffic import Exchange, SignatureCheck, Traffic

_JSON = {"Content-Type": "application/json; charset=utf-8"}
_LEDGER = "sandbox.ledger"
_OWN_ROUTES = frozenset({_LEDGER, CONTROL_ROUTE, HOSTED_ROUTE, *CONSOLE_ROUTES})
_EXCHANGE = web.RequestKey("exchange", Exchange)
_ENCODER = msgspec.json.Encoder(decimal_format="number")  # writes `Decimal` amounts as JSON numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The values that all request handlers share: state, credentials, recorded requests, scheduled faults, clock."""

    state: SandboxState
    arrivals: Arrivals
    traffic: Traffic
    token: str
    signer: Signer
    faults: Faults
    clock: Clock
    upstream_errors: bool

    def refuse(self, refused: Refused) -> web.Response:
        """Returns the error response for a refused request.

        If `upstream_errors` is set, the response has the form of Finmo, the payment company behind the provider's API.
        If it is not set, the response has the sandbox's own form.
        """
        if not self.upstream_errors:
            return web.Response(status=refused.status, body=msgspec.json.encode(refusal(refused)), headers=_JSON)
        status = upstream_status(refused.status)
        body = msgspec.json.encode(upstream_refusal(refused, self.state.stamp(status)))
        return web.Response(status=status, body=body, headers=_JSON)


def application(provider: Provider, controls: Controls, *, has_console: bool) -> web.Application:
    """Returns the aiohttp application that serves all paths of a sandbox.

    The console is served if `has_console` is true.
    """
    injector = Injector(provider.clock, provider.faults.redirect_to)
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_record_middleware(provider, injector)])
    for each in ROUTES:
        app.router.add_route(each.endpoint.method, each.path, _endpoint(provider, each), name=each.endpoint.name)

    app.router.add_get(LEDGER_PATH, _ledger(provider), name=_LEDGER)
    app.router.add_route("*", CONTROL_PATH, control_handler(controls), name=CONTROL_ROUTE)
    app.router.add_route("*", HOSTED_PATH, hosted_handler(provider.state, provider.token), name=HOSTED_ROUTE)

    if has_console:
        add_console(app)

    async def end(_app: web.Application) -> None:
        controls.news.close()
        await injector.end()

    app.on_shutdown.append(end)
    return app


def _record_middleware(provider: Provider, injector: Injector) -> Middleware:
    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Records every request, even for an unknown path, and applies the fault that is scheduled for it, if any.

        A fault is an error that the sandbox causes on purpose. Requests for the ledger, the control interface, the
        console and a checkout's payment page are not recorded and get no fault, because they are no calls of the
        provider's API.
        """
        if request.match_info.route.name in _OWN_ROUTES:
            return await handler(request)
        arrival = Arrival(
            operation=request.match_info.route.name or UNKNOWN,
            method=request.method,
            path=request.raw_path,
            headers=request.headers,
        )
        provider.arrivals.add(arrival)
        begun = provider.clock.monotonic()
        exchange = request[_EXCHANGE] = provider.traffic.begin(arrival, at=provider.state.now())
        if injector.idle_faults:
            injector.idle_faults.drop(request.transport)
        mishap = provider.faults.decide(arrival)
        if mishap is None:
            response = await _answer(provider, request, handler)
        else:
            exchange.fault = str(mishap)
            response = await _inject(provider, injector, mishap, request, handler)
        # the status is 0 if an injected fault has cut off the response before its headers were complete
        arrival.status = response.status or None
        provider.traffic.finish(exchange, _sent(response), seconds=provider.clock.monotonic() - begun)
        return response

    return record


async def _inject(
    provider: Provider, injector: Injector, mishap: Mishap, request: web.Request, handler: Handler
) -> web.StreamResponse:
    # An injected fault may wait before the request is executed. The body is read before this wait, so that a complete
    # request is executed even if the client disconnects meanwhile. Errors are ignored here: the body is read once more
    # when the request is executed, and then an error becomes a response.
    with suppress(web.HTTPException, ConnectionResetError):
        await request.read()
    answer, skip_handler = (partial(_answer, provider, request, each) for each in (handler, _skip_handler))
    return await injector.inject(mishap, answer, skip_handler)


def _sent(response: web.StreamResponse) -> bytes:
    """Returns the bytes sent to the client: the body, or all bytes that an injected fault writes to the connection."""
    if isinstance(response, RawAnswer):
        return response.data
    return response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b""


async def _answer(provider: Provider, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Returns the handler's response, or a JSON error response if the handler or aiohttp refuses the request."""
    exchange = request[_EXCHANGE]
    try:
        check_host(request.headers.getall("Host", []))
        exchange.arrival.body = await request.read()
        return await handler(request)
    except Refused as refused:
        return _refuse(provider, exchange, refused)
    except ConnectionResetError:  # the client has disconnected, and will not receive this response
        return _refuse(provider, exchange, bad_request("the body broke off"))
    except web.HTTPException as error:
        response = _refuse(provider, exchange, _as_refused(error))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response


def _refuse(provider: Provider, exchange: Exchange, refused: Refused) -> web.Response:
    exchange.code, exchange.message = refused.code, refused.message
    return provider.refuse(refused)


def _ledger(provider: Provider) -> Handler:
    async def ledger(request: web.Request) -> web.StreamResponse:
        """Returns the ledger as JSON.

        No token is required, because the ledger contains no secrets and no data of customers, and only this machine can
        request it.
        """
        try:
            check_host(request.headers.getall("Host", []))
        except Refused as refused:
            return provider.refuse(refused)
        return web.Response(body=msgspec.json.encode(report_of(provider.state.ledger)), headers=_JSON)

    return ledger


async def _skip_handler(_request: web.Request) -> web.StreamResponse:
    return web.Response()


def _endpoint(provider: Provider, route: Route[Any, Any]) -> Handler:
    reader = reader_of(route.body)

    async def endpoint(request: web.Request) -> web.StreamResponse:
        check_token(request.headers.getall("X-token", []), provider.token)
        body = await request.read()
        call = RoutedCall(
            state=provider.state,
            request=_body(request, body, provider.signer, reader),
            path=request.match_info,
            query=request.query,
            body=body,
            origin=f"http://{request.host}",
            token=provider.token,
        )
        answer = route.show(route.handler(call))
        request[_EXCHANGE].is_executed = True
        stamp = provider.state.stamp(route.status)
        content = _ENCODER.encode(route.envelope(answer, stamp))
        return web.Response(status=route.status, body=content, headers=_JSON)

    return endpoint


def _body(request: web.Request, body: bytes, signer: Signer, reader: BodyReader[Any] | None) -> object:
    if reader is None:
        if body:
            raise bad_request("this call takes no body")
        return None
    check_content_type(request.content_type, request.charset, request.headers.get("Content-Encoding"))
    _check_signature(request, body, signer)
    return reader.read(body)


def _check_signature(request: web.Request, body: bytes, signer: Signer) -> None:
    exchange = request[_EXCHANGE]
    try:
        check_signature(body, request.headers.getall("signature", []), signer)
    except Refused as refused:
        # Status 401 means that the signature is wrong. Any other status means that the signature is right and only the
        # body is wrong.
        exchange.signature = SignatureCheck.WRONG if refused.status == HTTPStatus.UNAUTHORIZED else SignatureCheck.GOOD
        raise
    exchange.signature = SignatureCheck.GOOD


def _as_refused(error: web.HTTPException) -> Refused:
    words = {
        404: not_found("there is no such path"),
        405: Refused(405, "METHOD_NOT_ALLOWED", "this path does not take this method"),
        413: Refused(413, "PAYLOAD_TOO_LARGE", f"the body is larger than {MAX_BODY_BYTES} bytes"),
    }
    return words.get(error.status) or Refused(error.status, "HTTP_ERROR", error.reason)
