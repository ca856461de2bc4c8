"""The current span, where coroutines are not simply awaited."""

import asyncio
import logging

import pytest
from opentelemetry import context

from paycombat_async.testing import FakeTransport
from tests.calls import payout

pytestmark = pytest.mark.promise("P17")


class Silent(FakeTransport):
    async def send(self, draft, timeout):
        await asyncio.sleep(3600)


async def test_a_call_closed_by_another_task_leaves_that_task_alone(make_client, recording, caplog) -> None:
    """As the garbage collector closes an abandoned call: its spans end, and OpenTelemetry logs no error."""
    call = make_client(telemetry=recording.telemetry, transport=Silent()).payouts.create(payout())

    async def begin() -> None:
        call.send(None)

    await asyncio.create_task(begin())
    before = context.get_current()
    with caplog.at_level(logging.ERROR):
        call.close()

    assert ["CLIENT", "INTERNAL"] == [span.kind for span in recording.spans]
    assert "GeneratorExit" == recording.spans[-1].attributes["error.type"]
    assert (before, []) == (context.get_current(), caplog.messages)


async def test_calls_side_by_side_do_not_become_children_of_each_other(make_client, transport, recording) -> None:
    """Each task has its own."""
    for _ in range(20):
        transport.answer(200, b'{"status":true,"data":{"customer_id":"c1"}}')
    client = make_client(telemetry=recording.telemetry)

    with recording.tracers.get_tracer("application").start_as_current_span("page"):
        await asyncio.gather(*(client.customers.retrieve("c1") for _ in range(20)))

    spans = recording.spans
    assert ["page"] * 20 == [span.parent for span in spans if span.name == "customers.retrieve"]
    assert ["customers.retrieve"] * 20 == [span.parent for span in spans if span.kind == "CLIENT"]
    assert 41 == len({span.context.span_id for span in recording.finished})
