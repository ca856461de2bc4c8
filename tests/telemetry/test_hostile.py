"""Providers that break change no call: the same requests, results, errors, logs of evidence and context afterwards."""

import logging

import pytest
from opentelemetry import context
from opentelemetry.metrics import Counter, Histogram, Meter, MeterProvider, NoOpMeterProvider
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, NoOpTracerProvider, Span, Tracer, TracerProvider

from paycombat_async import ConfigurationError, TimedOut
from paycombat_async.telemetry import Telemetry, guard
from tests.calls import payout
from tests.telemetry.recording import Recording

pytestmark = pytest.mark.promise("P17")

PAID = b'{"status":true,"data":{"id":"payout-4711","order_id":"order-1","status":"PENDING"}}'
SPAN_METHODS = ("get_span_context", "is_recording", "set_attributes", "set_status", "end")


class BrokenSpan(NonRecordingSpan):
    """A span that records, and one of whose methods raises."""

    def __init__(self, broken: str) -> None:
        super().__init__(INVALID_SPAN.get_span_context())
        self._broken = broken

    def is_recording(self) -> bool:
        return True

    def __getattribute__(self, name: str):
        if name in SPAN_METHODS and name == object.__getattribute__(self, "_broken"):
            raise RuntimeError("Bearer 4711")
        return super().__getattribute__(name)


class Tracers(TracerProvider):
    """Its tracer returns `span`, or raises it if it is an exception."""

    def __init__(self, span: object) -> None:
        self._span = span

    def get_tracer(self, *_, **__):
        span = self._span

        class Broken(Tracer):
            def start_span(self, *_, **__):
                if isinstance(span, Exception):
                    raise span
                return span

            start_as_current_span = start_span

        return Broken()


class Meters(NoOpMeterProvider):
    """Its instruments raise."""

    def get_meter(self, *_, **__):
        class Broken(Counter, Histogram):
            def __init__(self, *_, **__): ...

            def add(self, *_, **__):
                raise RuntimeError("Bearer 4711")

            record = add

        meter = super().get_meter("paycombat")
        meter.create_counter = meter.create_histogram = Broken
        return meter


class Strange:
    """No span at all, whose every attribute is another number."""

    trace_id = span_id = trace_flags = -1

    def __getattr__(self, name: str):
        return lambda *_, **__: self


def recording_with(method: str) -> Telemetry:
    """The SDK's own provider, with a processor of spans that raises."""

    class Broken(SpanProcessor):
        def on_start(self, span, parent_context=None): ...

        def on_end(self, span): ...

        def raises(self, *_, **__):
            raise RuntimeError("Bearer 4711")

    setattr(Broken, method, Broken.raises)
    recording = Recording()
    recording.tracers.add_span_processor(Broken())
    return recording.telemetry


HOSTILE = {
    "a tracer that raises": lambda: Telemetry(tracer_provider=Tracers(RuntimeError("Bearer 4711"))),
    "a tracer without spans": lambda: Telemetry(tracer_provider=Tracers(None)),
    "a tracer of strange spans": lambda: Telemetry(tracer_provider=Tracers(Strange())),
    **{
        f"a span whose {method} raises": lambda method=method: Telemetry(tracer_provider=Tracers(BrokenSpan(method)))
        for method in SPAN_METHODS
    },
    **{
        f"a processor whose {method} raises": lambda method=method: recording_with(method)
        for method in ("on_start", "on_end")
    },
    "meters that raise": lambda: Telemetry(tracer_provider=NoOpTracerProvider(), meter_provider=Meters()),
}


@pytest.fixture(name="_forgotten", autouse=True)
def _forgotten(monkeypatch) -> None:
    """As in a new process, which has told of no failure yet."""
    monkeypatch.setattr(guard, "_reported", set())


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_call_succeeds_all_the_same(hostile, make_client, transport, caplog) -> None:
    """With the same request, after a retry; the failure is logged once, without its text."""
    before = context.get_current()
    telemetry = HOSTILE[hostile]()
    for _ in range(2):
        transport.answer(200, PAID)
    client = make_client(telemetry=telemetry)

    with caplog.at_level(logging.INFO, "paycombat"):
        made = [await client.payouts.create(payout()) for _ in range(2)]

    assert ["payout-4711"] * 2 == [each.id for each in made]
    assert {"X-token", "Content-Type", "signature"} == set(transport.drafts[0].headers) - {"traceparent"}
    assert before is context.get_current()
    assert {"telemetry failed, which changes no call: RuntimeError"} >= {
        record.getMessage() for record in caplog.records if "RuntimeError" in record.getMessage()
    }
    assert len(caplog.records) == len({record.getMessage() for record in caplog.records}) <= 2
    assert "4711" not in caplog.text


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_call_fails_as_it_would(hostile, make_client, transport) -> None:
    """With its own error, which knows of no other."""
    transport.fail(TimedOut("no answer"))
    told = []

    with pytest.raises(TimedOut, match="no answer") as caught:
        await make_client(telemetry=HOSTILE[hostile](), on_call=told.append).payouts.create(payout())

    assert (None, "order-1") == (caught.value.__context__, caught.value.reference)
    assert ["TimedOut"] == [call.error for call in told]


async def test_a_broken_tracer_does_not_stop_the_metrics_of_attempts(make_client, transport) -> None:
    """Each part fails by itself."""
    recording = Recording()
    telemetry = Telemetry(tracer_provider=Tracers(BrokenSpan("end")), meter_provider=recording.meters)
    transport.answer(200, PAID)

    await make_client(telemetry=telemetry).payouts.create(payout())

    assert [1] == [count for _, count in recording.points("http.client.request.duration")]
    assert [1] == [count for _, count in recording.points("paycombat.client.calls")]


@pytest.mark.parametrize("provider", [object(), "provider"])
def test_what_is_no_provider_is_refused(provider) -> None:
    """Where it is given, and not at every call."""
    with pytest.raises(ConfigurationError, match="telemetry: a provider raised AttributeError"):
        Telemetry(tracer_provider=provider)
    with pytest.raises(ConfigurationError, match="telemetry: a provider raised AttributeError"):
        Telemetry(meter_provider=provider)


def test_a_global_provider_that_raises_turns_telemetry_off(monkeypatch, make_client, caplog) -> None:
    """A client can be made all the same."""

    class Broken(MeterProvider):
        def get_meter(self, *_, **__) -> Meter:
            raise RuntimeError("Bearer 4711")

    from paycombat_async.telemetry import telemetry

    telemetry._default.cache_clear()
    monkeypatch.setattr("opentelemetry.metrics._internal._METER_PROVIDER", Broken())
    try:
        client = make_client()
    finally:
        telemetry._default.cache_clear()

    assert client._engine.hooks.telemetry is None
    assert ["telemetry failed, which changes no call: telemetry: a provider raised RuntimeError"] == caplog.messages


def test_a_plug_in_that_cannot_be_loaded_turns_telemetry_off(monkeypatch, make_client, caplog) -> None:
    """OpenTelemetry loads what other distributions announce, and that may raise anything."""
    from paycombat_async.telemetry import telemetry

    def load(name: str) -> None:
        raise RuntimeError("Bearer 4711")

    telemetry._default.cache_clear()
    monkeypatch.setattr(telemetry, "import_module", load)
    try:
        client = make_client()
    finally:
        telemetry._default.cache_clear()

    assert client._engine.hooks.telemetry is None
    assert ["telemetry failed, which changes no call: RuntimeError"] == caplog.messages


def test_the_broken_spans_are_broken() -> None:
    """The tests above are worth nothing if they are not."""
    for method in SPAN_METHODS:
        span: Span = BrokenSpan(method)
        with pytest.raises(RuntimeError):
            getattr(span, method)
