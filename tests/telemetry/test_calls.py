"""The spans and metrics of calls: what they say, how they belong together, and what they never contain."""

import asyncio
import re

import pytest
from opentelemetry import baggage, context, trace

from paycombat_async import ConfigurationError, ConnectFailed, InvalidRequest, PayCombatError, TimedOut
from paycombat_async.endpoints import CREATE_PAYOUT
from paycombat_async.intents import MemoryIntents
from paycombat_async.telemetry import Telemetry
from paycombat_async.testing import FakeClock, FakeTransport
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.conftest import SIGNATURE_KEY, TOKEN
from tests.telemetry.recording import Seen

pytestmark = [
    pytest.mark.promise("P17"),
    pytest.mark.filterwarnings("ignore:the path of:paycombat_async.UnverifiedEndpointWarning"),
]

PAID = b'{"status":true,"data":{"id":"payout-4711","order_id":"order-1","status":"PENDING"}}'
DECLINED = b'{"status":false,"message":"the account of Jane Roe is closed"}'
POST = {
    "http.request.method": "POST",
    "server.address": "api.paycombat.com",
    "server.port": 443,
    "url.template": "/api/v1/payout/create-payout",
}
GET = POST | {"http.request.method": "GET", "url.template": "/api/v1/payout/retrieve-payout/{id}"}
OK = {"http.response.status_code": 200}


async def test_a_call_with_two_attempts_is_three_spans(make_client, transport, recording) -> None:
    """The first attempt got no connection; each attempt is a child of the call, and says how it ended."""
    transport.fail(ConnectFailed("no connection"))
    transport.answer(200, PAID)

    await make_client(telemetry=recording.telemetry).payouts.create(payout())

    assert recording.spans == [
        Seen(
            "POST /api/v1/payout/create-payout",
            "CLIENT",
            "payouts.create",
            POST | {"error.type": "ConnectFailed"},
            "ERROR",
        ),
        Seen(
            "POST /api/v1/payout/create-payout",
            "CLIENT",
            "payouts.create",
            POST | {"http.request.resend_count": 1} | OK,
            "UNSET",
        ),
        Seen("payouts.create", "INTERNAL", None, {"paycombat.outcome": "success", "paycombat.attempts": 2}, "UNSET"),
    ]


async def test_a_refusal_of_the_provider_is_an_error_of_both_spans(make_client, transport, recording) -> None:
    """`error.type` is the status of the attempt, and the class that the caller gets of the call."""
    transport.answer(422, DECLINED)

    with pytest.raises(PayCombatError):
        await make_client(telemetry=recording.telemetry).payouts.create(payout())

    attempt, call = recording.spans
    assert attempt.attributes == POST | {"http.response.status_code": 422, "error.type": "422"}
    assert call.attributes == {
        "paycombat.outcome": "rejected",
        "paycombat.attempts": 1,
        "error.type": "Unprocessable",
    }
    assert ("ERROR", "ERROR") == (attempt.status, call.status)


async def test_an_unknown_outcome_is_counted(make_client, transport, recording) -> None:
    """The counter that an alert looks at."""
    transport.fail(TimedOut("no answer"))

    with pytest.raises(TimedOut):
        await make_client(telemetry=recording.telemetry).payouts.create(payout())

    unknown = {"paycombat.endpoint": "payouts.create", "paycombat.outcome": "unknown", "error.type": "TimedOut"}
    assert recording.points("paycombat.client.calls") == [(unknown, 1)]


async def test_a_call_refused_before_sending_has_a_span_of_its_own(make_client, recording) -> None:
    """No attempt, so nothing was measured."""
    client = make_client(telemetry=recording.telemetry)

    with pytest.raises(InvalidRequest):
        await client.payouts.retrieve("..")

    (call,) = recording.spans
    assert call.attributes == {"paycombat.outcome": "not_sent", "paycombat.attempts": 0, "error.type": "InvalidRequest"}
    assert recording.points("http.client.request.duration") == []


async def test_a_cancelled_call_ends_its_spans(make_client, recording) -> None:
    """Both say CancelledError, and the context of the task is as before."""

    class Silent(FakeTransport):
        async def send(self, draft, timeout):
            await asyncio.Event().wait()

    before = context.get_current()
    client = make_client(telemetry=recording.telemetry, transport=Silent())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await client.payouts.create(payout())

    attempt, call = recording.spans
    assert ("CancelledError", "CancelledError") == (attempt.attributes["error.type"], call.attributes["error.type"])
    assert "unknown" == call.attributes["paycombat.outcome"]
    assert before is context.get_current()


async def test_a_hook_that_exits_leaves_no_span_open(make_client, transport, recording) -> None:
    """Neither that of the attempt nor that of the call, whichever hook it is."""

    def leave(_: object) -> None:
        raise KeyboardInterrupt

    before = context.get_current()
    for hook in ("on_attempt", "on_call"):
        transport.answer(200, PAID)
        with pytest.raises(KeyboardInterrupt):
            await make_client(telemetry=recording.telemetry, **{hook: leave}).payouts.create(payout())

    assert ["CLIENT", "INTERNAL"] * 2 == [span.kind for span in recording.spans]
    assert before is context.get_current()


async def test_an_interrupt_between_an_answer_and_its_report_leaves_no_span_open(make_client, recording) -> None:
    """Ctrl-C may come at any moment, here while the SDK decides whether to try again."""

    class Interrupting(FakeClock):
        def random(self) -> float:
            raise KeyboardInterrupt

    transport = FakeTransport()
    transport.answer(503, b"")
    before = context.get_current()
    client = make_client(telemetry=recording.telemetry, transport=transport, clock=Interrupting())
    with pytest.raises(KeyboardInterrupt):
        await client.payouts.retrieve("payout-4711")

    assert [("CLIENT", "ERROR"), ("INTERNAL", "ERROR")] == [(span.kind, span.status) for span in recording.spans]
    assert before is context.get_current()


async def test_a_recorded_answer_is_marked(make_client, transport, recording) -> None:
    """The second call sends nothing."""
    transport.answer(200, PAID)
    client = make_client(telemetry=recording.telemetry, intents=MemoryIntents())

    await client.payouts.create(payout())
    await client.payouts.create(payout())

    *_, first, second = recording.spans
    assert first.attributes == {"paycombat.outcome": "success", "paycombat.attempts": 1, "paycombat.recorded": True}
    assert second.attributes == {"paycombat.outcome": "success", "paycombat.attempts": 0, "paycombat.replayed": True}


async def test_the_trace_goes_on_at_the_provider(make_client, transport, recording) -> None:
    """By `traceparent` alone, which names the attempt; the rest of the request is the same without telemetry."""
    transport.answer(200, PAID)
    transport.answer(200, PAID)
    token = context.attach(baggage.set_baggage("customer", "Jane Roe"))

    await make_client(telemetry=recording.telemetry).payouts.create(payout())
    await make_client(telemetry=False).payouts.create(payout())
    context.detach(token)

    traced, bare = transport.drafts
    span = next(span for span in recording.finished if span.name == "POST /api/v1/payout/create-payout")
    parent = traced.headers["traceparent"]
    assert f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-{span.context.trace_flags:02x}" == parent
    assert {**bare.headers, "traceparent": parent} == traced.headers
    assert (bare.url, bare.body) == (traced.url, traced.body)


async def test_without_a_trace_no_header_is_sent(make_client, transport) -> None:
    """As in a program that has only the API, or no telemetry at all."""
    transport.answer(200, PAID)

    await make_client(telemetry=Telemetry()).payouts.create(payout())

    assert {"X-token", "Content-Type", "signature"} == set(transport.drafts[0].headers)


@pytest.mark.parametrize("side", ["async", "blocking"])
async def test_a_call_belongs_to_the_span_it_was_made_in(side, make_client, transport, recording) -> None:
    """Also where it is carried out in the thread of the blocking client."""
    transport.answer(200, PAID)
    tracer = recording.tracers.get_tracer("application")

    with tracer.start_as_current_span("order"):
        if side == "async":
            await make_client(telemetry=recording.telemetry).payouts.create(payout())
        else:
            options = {"token": TOKEN, "signature_key": SIGNATURE_KEY, "transport": transport}
            with PayCombat(**options, telemetry=recording.telemetry) as client:
                await asyncio.to_thread(client.payouts.create, payout())

    assert [("POST /api/v1/payout/create-payout", "payouts.create"), ("payouts.create", "order"), ("order", None)] == [
        (span.name, span.parent) for span in recording.spans
    ]


async def test_hooks_and_transports_run_inside_of_the_spans(make_client, recording) -> None:
    """So their logs, and what their databases do, belong to the trace."""
    current: dict[str, str] = {}

    class Looking(FakeTransport):
        async def send(self, draft, timeout):
            current["transport"] = trace.get_current_span().name
            return await super().send(draft, timeout)

    transport = Looking()
    transport.answer(200, PAID)
    hooks = {
        name: lambda _, name=name: current.setdefault(name, trace.get_current_span().name)
        for name in ("on_attempt", "on_call")
    }
    await make_client(telemetry=recording.telemetry, transport=transport, **hooks).payouts.create(payout())

    assert {
        "transport": "POST /api/v1/payout/create-payout",
        "on_attempt": "payouts.create",
        "on_call": "payouts.create",
    } == current


async def test_what_an_address_is_made_of_is_not_shown(make_client, transport, recording) -> None:
    """An id is a placeholder; the path of `client.request()`, which may hold an id, is left out with its name."""
    transport.answer(200, PAID)
    transport.answer(200, PAID)
    client = make_client(telemetry=recording.telemetry, base_url="https://proxy.example:8443/paycombat")

    await client.payouts.retrieve("payout-4711")
    await client.request("GET", "/api/v1/thing/thing-4711", query={"name": "Jane"})

    server = {"server.address": "proxy.example", "server.port": 8443}
    retrieved, _, requested, call = recording.spans
    assert ("GET /api/v1/payout/retrieve-payout/{id}", GET | server | OK) == (retrieved.name, retrieved.attributes)
    assert ("GET", {"http.request.method": "GET"} | server | OK) == (requested.name, requested.attributes)
    assert "request" == call.name
    assert [] == [text for text in recording.everything() if "-4711" in text or "Jane" in text]


async def test_durations_are_a_histogram_as_the_conventions_have_it(make_client, transport, clock, recording) -> None:
    """In seconds, of each attempt by itself, with the bounds that dashboards expect."""

    class Slow(FakeTransport):
        async def send(self, draft, timeout):
            clock.time += 0.3
            return await super().send(draft, timeout)

    slow = Slow()
    slow.answer(503, b"")
    slow.answer(200, PAID)
    await make_client(telemetry=recording.telemetry, transport=slow).payouts.retrieve("payout-4711")

    metric = recording.metric("http.client.request.duration")
    failed, passed = sorted(metric.data.data_points, key=lambda point: -point.attributes["http.response.status_code"])
    assert ("s", GET | {"http.response.status_code": 503, "error.type": "503"}) == (metric.unit, failed.attributes)
    assert GET | OK == passed.attributes
    assert [pytest.approx(0.3)] * 2 == [failed.sum, passed.sum]
    assert (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10) == passed.explicit_bounds


async def test_the_durations_of_later_attempts_begin_with_them(make_client, transport, clock, recording) -> None:
    """Also that of one that is cancelled: it does not contain the attempts before, or the waits."""

    class Cut(FakeTransport):
        async def send(self, draft, timeout):
            if self.drafts:
                clock.time += 0.25
                raise asyncio.CancelledError
            return await super().send(draft, timeout)

    cut = Cut()
    cut.answer(503, b"")
    attempts = []
    client = make_client(telemetry=recording.telemetry, transport=cut, on_attempt=attempts.append)
    with pytest.raises(asyncio.CancelledError):
        await client.payouts.retrieve("payout-4711")

    assert (0.25, "CancelledError") == (attempts[-1].elapsed, attempts[-1].error)
    assert clock.slept != []


async def test_drift_is_counted_by_kind(make_client, transport, recording) -> None:
    """Without the name of the field, which is the provider's."""
    transport.answer(200, b'{"status":true,"data":{"id":"payout-4711","order_id":"order-1","status":{"Jane":1}}}')

    await make_client(telemetry=recording.telemetry).payouts.create(payout())

    drifts = {"paycombat.endpoint": "payouts.create", "paycombat.drift.kind": "wrong_type"}
    assert [(drifts, 1)] == recording.points("paycombat.client.drifts")


async def test_off_is_off(make_client, transport, recording) -> None:
    """`telemetry=False` leaves the current span alone."""
    transport.answer(200, PAID)
    current = []
    tracer = recording.tracers.get_tracer("application")
    with tracer.start_as_current_span("order"):
        client = make_client(telemetry=False, on_call=lambda _: current.append(trace.get_current_span().name))
        await client.payouts.create(payout())

    assert ["order"] == [span.name for span in recording.spans] == current


@pytest.mark.parametrize("telemetry", [None, 1, "yes", object()])
def test_what_is_no_telemetry_is_refused(telemetry, make_client) -> None:
    """When the client is made."""
    with pytest.raises(ConfigurationError, match=r"telemetry must be True, False or a Telemetry"):
        make_client(telemetry=telemetry)


async def test_a_span_processor_hears_of_everything_at_the_start_that_a_sampler_needs(
    make_client, transport, recording
) -> None:
    """The attributes that the conventions want to be there when a span starts."""
    seen = []

    class Watching:
        def on_start(self, span, parent_context=None):
            seen.append((span.name, dict(span.attributes)))

        def on_end(self, span): ...

        def shutdown(self): ...

    recording.tracers.add_span_processor(Watching())
    transport.answer(200, PAID)
    await make_client(telemetry=recording.telemetry).send(CREATE_PAYOUT, payout())

    assert [("payouts.create", {}), ("POST /api/v1/payout/create-payout", POST)] == seen


def test_a_telemetry_stays_in_its_process(recording) -> None:
    """It shows nothing of its providers and is not pickled."""
    assert "Telemetry()" == repr(recording.telemetry)
    with pytest.raises(TypeError, match="cannot be pickled"):
        recording.telemetry.__reduce__()
    assert re.fullmatch(r"\w+\(\)", str(recording.telemetry))
