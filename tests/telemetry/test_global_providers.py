"""The global providers, which a process can set only once: in processes of their own."""

import sys

import pytest

from tests.processes import run

pytestmark = pytest.mark.promise("P17")

_CALL = """
import asyncio
from paycombat_async import AsyncPayCombat
from paycombat_async.testing import FakeTransport

def call():
    transport.answer(200, b'{"status":true,"data":{"customer_id":"c1"}}')
    asyncio.run(client.customers.retrieve("c1"))
    return "traceparent" in transport.drafts[-1].headers

transport, seen = FakeTransport(), []
client = AsyncPayCombat(
    token="snd_t", signature_key="snd_k", transport=transport, on_call=lambda _: seen.append(client._engine)
)
"""
_SET = """
from opentelemetry import metrics, trace
from tests.telemetry.recording import Recording

recording = Recording()
"""


@pytest.mark.parametrize("first", ["tracers", "meters"])
def test_providers_may_be_set_after_the_client_was_made(first) -> None:
    """Both or one of them; the calls before have no span, and are not measured."""
    program = f"""{_CALL}{_SET}
print(call())
setters = dict(tracers=trace.set_tracer_provider, meters=metrics.set_meter_provider)
for name in dict.fromkeys(({first!r}, *setters)):
    setters[name](getattr(recording, name))
    print(call(), len(recording.spans), sum(count for _, count in recording.points("paycombat.client.calls")))
"""
    ended = run(sys.executable, "-W", "error", "-c", program, check=True)

    expected = ["True 2 0", "True 4 1"] if first == "tracers" else ["False 0 1", "True 2 2"]
    assert ["False", *expected] == ended.stdout.splitlines()


def test_with_the_api_alone_a_call_makes_nothing() -> None:
    """Which is what keeps it cheap: there is no span to end, and no report for it. A trace from outside goes on."""
    program = f"""{_CALL}
from opentelemetry import context, trace
telemetry = client._engine.hooks.telemetry
print(telemetry.start_call(client.customers.retrieve.__globals__["RETRIEVE_CUSTOMER"], "/x", "https://x"), call())
outside = trace.SpanContext(1, 2, is_remote=True)
context.attach(trace.set_span_in_context(trace.NonRecordingSpan(outside)))
print(call(), transport.drafts[-1].headers["traceparent"])
"""
    ended = run(sys.executable, "-W", "error", "-c", program, check=True)

    assert ["None False", f"True 00-{1:032x}-{2:016x}-00"] == ended.stdout.splitlines()
