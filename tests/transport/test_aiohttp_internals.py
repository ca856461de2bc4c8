"""What the direct way takes from aiohttp beyond its documented API, and what happens where that is missing."""

import functools
import sys
from typing import Any
from unittest import mock

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler
from aioresponses import aioresponses

from paycombat_async import Draft
from paycombat_async.transport import AiohttpTransport, aiohttp_internals
from paycombat_async.transport.aiohttp_internals import MISSING, MISSING_FOR_SESSIONS, find_missing, is_request_replaced
from tests.processes import PATIENCE_S, run
from tests.raw_server import RawServer, Serve, answering, http
from tests.transport.ways import WAYS

OK = b'{"status":true,"message":"OK","data":{"customer_id":"customer_1"}}'
SET_PARAMS = "aiohttp.client_proto:ResponseHandler.set_response_params"


def needed() -> list[str]:
    return find_missing(aiohttp_internals._FOR_CONNECTIONS, aiohttp_internals._ATTRIBUTES)


def test_this_aiohttp_has_all_of_it() -> None:
    """Else the tests of the direct way would test the session's: see `nox -s aiohttp`."""
    assert ([], []) == (MISSING, MISSING_FOR_SESSIONS)
    assert AiohttpTransport(base_url="https://provider.test")._direct is not None


def test_a_function_that_is_gone_is_missing(monkeypatch) -> None:
    monkeypatch.delattr(ResponseHandler, "set_response_params")

    assert [SET_PARAMS] == needed()


def test_a_parameter_that_is_gone_is_missing(monkeypatch) -> None:
    """By name: what was renamed would be a TypeError in the middle of a call."""

    def set_params(self, *, skip_payload=False, read_until_eof=False, auto_decompress=True, read_bufsize=0) -> None: ...

    monkeypatch.setattr(ResponseHandler, "set_response_params", set_params)

    assert [SET_PARAMS] == needed()


def test_a_new_parameter_that_must_be_given_is_missing_too(monkeypatch) -> None:
    """Nobody would give it."""

    async def connect(self, req, traces, timeout, reason) -> None: ...

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)

    assert ["aiohttp:TCPConnector.connect"] == needed()


def test_what_is_no_coroutine_any_more_is_missing(monkeypatch) -> None:
    """It cannot be awaited."""
    monkeypatch.setattr(ResponseHandler, "read", lambda self: None)

    assert ["aiohttp.client_proto:ResponseHandler.read"] == needed()


def test_a_module_or_an_attribute_that_is_gone_is_missing(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp.http", None)
    monkeypatch.delattr(ResponseHandler, "should_close")

    assert {"aiohttp.http:RawResponseMessage.code", "aiohttp.client_proto:ResponseHandler.should_close"} <= set(
        needed()
    )


OTHER_AIOHTTP = """
import asyncio, sys
from aiohttp import ClientSession
from aiohttp.client_proto import ResponseHandler

def set_response_params(self, *, timer=None, new_names=False, **others):
    return original(self, timer=timer, **others)

original = ResponseHandler.set_response_params
if sys.argv[2] == "lacks":
    ResponseHandler.set_response_params = lambda self, *, timer, **others: original(self, timer=timer, **others)
made = []
init = ClientSession.__init__
ClientSession.__init__ = lambda self, *arguments, **options: made.append(init(self, *arguments, **options))

from paycombat_async import AsyncPayCombat

async def call():
    async with AsyncPayCombat(token="snd_t", signature_key="snd_k", base_url=sys.argv[1]) as client:
        return (await client.customers.retrieve("customer_1")).customer_id

print(asyncio.run(call()), len(made))
"""


@pytest.mark.promise("P8", "P9")
@pytest.mark.parametrize(("kind", "sessions"), [("lacks", 1), ("has", 0)])
def test_an_aiohttp_that_lacks_something_is_used_through_a_session(kind: str, sessions: int, serve: Serve) -> None:
    """In a process of its own, since the check is made when the transport is imported."""
    url = serve(answering(http(200, OK)))

    ended = run(sys.executable, "-W", "error", "-c", OTHER_AIOHTTP, url, kind, check=True)

    assert (f"customer_1 {sessions}\n", "") == (ended.stdout, ended.stderr)


class Recorded:
    """Replaces `ClientSession._request`, counts its calls and fails."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls += 1
        raise aiohttp.ClientConnectionError("not recorded")


class Traced:
    """An object around a function that shows the function's own code, as wrapt makes them."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)


def test_aiohttps_own_request_is_not_replaced() -> None:
    assert not is_request_replaced()


@pytest.mark.parametrize("name", ["_request", "request"])
def test_a_replaced_request_is_noticed(name: str, monkeypatch) -> None:
    """A function, one that says it is aiohttp's (as VCR.py's does), a mock, and a wrapper."""
    original = getattr(aiohttp.ClientSession, name)

    @functools.wraps(original)
    async def wrapped(self: object, *arguments: object, **options: object) -> None: ...

    others = (mock.AsyncMock(), functools.partial(original), Recorded(), Traced(original))
    for replacement in (lambda *_, **__: None, wrapped, *others):
        monkeypatch.setattr(aiohttp.ClientSession, name, replacement)
        assert is_request_replaced()
    monkeypatch.undo()
    with mock.patch("aiohttp.ClientSession"):
        assert is_request_replaced()
    with aioresponses():
        assert is_request_replaced()
    assert not is_request_replaced()


@pytest.mark.promise("P9")
async def test_a_mocked_test_never_reaches_the_server(monkeypatch) -> None:
    """Not even of a client that has a connection already, nor of one that was made before; and it works afterwards."""
    recorded = Recorded()
    async with RawServer(answering(http(200, OK))) as server:
        transport = AiohttpTransport(base_url=server.base_url)
        draft = Draft("test", "POST", f"{server.base_url}/x", {}, b"{}")
        await transport.send(draft, PATIENCE_S)
        with monkeypatch.context() as patch:
            patch.setattr(aiohttp.ClientSession, "_request", recorded)
            with pytest.raises(Exception, match="could not connect"):
                await transport.send(draft, PATIENCE_S)
        await transport.send(draft, PATIENCE_S)
        await transport.aclose()

    assert (1, 2) == (recorded.calls, len(server.arrived))


async def test_no_session_is_made_on_the_direct_way(monkeypatch) -> None:
    """It would cost time and memory for nothing."""
    made: list[object] = []
    monkeypatch.setattr(aiohttp.ClientSession, "__init__", lambda *arguments, **_: made.append(arguments))
    async with RawServer(answering(http(200, OK))) as server:
        transport = WAYS["direct"](base_url=server.base_url)
        await transport.send(Draft("test", "POST", f"{server.base_url}/x", {}, b"{}"), PATIENCE_S)
        await transport.aclose()

    assert [] == made
