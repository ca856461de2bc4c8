"""OpenTelemetry's own instrumentation of aiohttp beside ours, with every header captured: it sees nothing of ours."""

import aiohttp
import pytest
from opentelemetry import context
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor

from paycombat_async import AsyncPayCombat, RawReply
from paycombat_async.telemetry import suppression
from paycombat_async.transport import SessionTransport
from tests.raw_server import RawServer, answering, http

pytestmark = [pytest.mark.promise("P17"), pytest.mark.promise("P7")]

TOKEN = "snd_token-4711"
CAPTURE = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST"
PAID = b'{"status":true,"data":{"customer_id":"customer-4711"}}'


@pytest.fixture(name="_instrumented")
def _instrumented(monkeypatch, recording):
    monkeypatch.setenv(CAPTURE, ".*")
    monkeypatch.setenv(CAPTURE.replace("REQUEST", "RESPONSE"), ".*")
    contrib = AioHttpClientInstrumentor()
    contrib.instrument(tracer_provider=recording.tracers, meter_provider=recording.meters)
    yield
    contrib.uninstrument()


@pytest.mark.usefixtures("_instrumented")
@pytest.mark.parametrize("ours", [True, False], ids=["ours on", "ours off"])
@pytest.mark.parametrize("way", ["session", "direct"])
async def test_the_calls_of_the_sdk_are_ours_alone(way, ours, recording) -> None:
    """With `telemetry=False` there is no span of them at all: contrib's would show the id and the token."""
    async with RawServer(answering(http(200, PAID))) as server, aiohttp.ClientSession() as session:
        client = AsyncPayCombat(
            token=TOKEN,
            signature_key="snd_key-4711",
            base_url=server.base_url,
            transport=SessionTransport(session) if way == "session" else None,
            telemetry=recording.telemetry if ours else False,
        )
        await client.customers.retrieve("customer-4711")
        await client.aclose()

    assert (["CLIENT", "INTERNAL"] if ours else []) == [span.kind for span in recording.spans]
    assert {"paycombat"} >= {span.instrumentation_scope.name for span in recording.finished}
    assert [] == [text for text in recording.everything() if "-4711" in text]


@pytest.mark.usefixtures("_instrumented")
async def test_the_program_s_own_requests_are_still_contrib_s(recording) -> None:
    """Also right after a call, over the same session; so the test above shows something."""
    before = context.get_current()
    async with RawServer(answering(http(200, PAID))) as server, aiohttp.ClientSession() as session:
        options = {"token": TOKEN, "signature_key": "snd_key-4711", "base_url": server.base_url}
        client = AsyncPayCombat(**options, transport=SessionTransport(session), telemetry=False)
        await client.customers.retrieve("customer-4711")
        await session.get(f"{server.base_url}/thing-4711", headers={"X-token": TOKEN})

    (span,) = recording.finished
    assert "aiohttp_client" in span.instrumentation_scope.name
    assert TOKEN in span.to_json()
    assert before is context.get_current()


@pytest.mark.usefixtures("_instrumented")
async def test_a_transport_of_the_user_s_own_is_not_doubled(recording) -> None:
    """While telemetry is on, whatever library it sends with."""

    class Own:
        async def send(self, draft, timeout):
            async with session.request(draft.method, draft.url, data=draft.body, headers=draft.headers) as response:
                return RawReply(response.status, response.headers, await response.read())

    async with RawServer(answering(http(200, PAID))) as server, aiohttp.ClientSession() as session:
        options = {"token": TOKEN, "signature_key": "snd_key-4711", "base_url": server.base_url}
        client = AsyncPayCombat(**options, transport=Own(), telemetry=recording.telemetry)
        await client.customers.retrieve("customer-4711")

    assert ["CLIENT", "INTERNAL"] == [span.kind for span in recording.spans]
    assert [] == [text for text in recording.everything() if "-4711" in text]


def test_it_is_the_key_that_contrib_looks_for() -> None:
    """OpenTelemetry has no public name for it; where it is renamed, this says so."""
    from opentelemetry.instrumentation.utils import is_http_instrumentation_enabled

    with suppression.without_http_instrumentation():
        assert not is_http_instrumentation_enabled()
    assert is_http_instrumentation_enabled()
