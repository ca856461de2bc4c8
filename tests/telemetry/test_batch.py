"""A batch is a span with counts; its rows are traces of their own, which refer to it."""

import asyncio

import pytest
from opentelemetry import context
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from paycombat_async import UpdateCustomer, sync_customers
from tests.batch.provider import Provider, refused, updated
from tests.telemetry.recording import Recording

pytestmark = pytest.mark.promise("P17")


def rows(number: int) -> list[UpdateCustomer]:
    return [UpdateCustomer(customer_id=f"customer-{row}", description="Jane Roe") for row in range(number)]


async def test_a_batch_is_one_span_and_each_row_a_trace(make_client, recording) -> None:
    """Also inside of a span of the program: 100,000 rows in its trace could be neither stored nor shown."""
    provider = Provider(lambda customer_id, _: refused(422) if customer_id == "customer-3" else updated(customer_id))
    client = make_client(telemetry=recording.telemetry, transport=provider)

    with recording.tracers.get_tracer("application").start_as_current_span("nightly"):
        await sync_customers(client, rows(7))

    batch = next(span for span in recording.finished if span.name == "customers.sync")
    calls = [span for span in recording.finished if span.name == "customers.update"]
    assert [7, 7] == [len(calls), len({span.context.trace_id for span in calls} - {batch.context.trace_id})]
    assert [[batch.context.span_id]] * 7 == [[link.context.span_id for link in span.links] for span in calls]
    assert [None] * 7 == [span.parent for span in calls]
    seen = next(span for span in recording.spans if span.name == "customers.sync")
    assert ("INTERNAL", "nightly", "UNSET") == (seen.kind, seen.parent, seen.status)
    counts = {"rows": 7, "updated": 6, "unchanged": 0, "failed": 1, "unknown": 0, "pending": 0}
    assert {f"paycombat.batch.{name}": count for name, count in (counts | {"retried": 0, "throttled": 0}).items()} == (
        seen.attributes
    )
    assert [] == [text for text in recording.everything() if "customer-" in text or "Jane" in text]


async def test_rows_are_sampled_one_by_one(make_client) -> None:
    """By the program's sampler for new traces, also where the batch itself is kept."""
    recording = Recording(ParentBased(TraceIdRatioBased(0.2)))
    client = make_client(telemetry=recording.telemetry, transport=Provider())

    await sync_customers(client, rows(200))

    kept = [span for span in recording.spans if span.name == "customers.update"]
    assert 10 < len(kept) < 80
    assert [200] == [count for _, count in recording.points("paycombat.client.calls")]
    recording.close()


async def test_a_batch_that_stops_is_an_error(make_client, recording) -> None:
    """With what was left, whether the provider refuses all or the task is cancelled."""
    before = context.get_current()
    refusing = make_client(telemetry=recording.telemetry, transport=Provider(lambda *_: refused(401)))
    report = await sync_customers(refusing, rows(50))
    stop = asyncio.Event()

    class Hanging(Provider):
        async def send(self, draft, timeout):
            stop.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(
        sync_customers(make_client(telemetry=recording.telemetry, transport=Hanging()), rows(50))
    )
    await stop.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    stopped, cut = [span for span in recording.spans if span.name == "customers.sync"]
    assert ("ERROR", "stopped", report.pending) == (
        stopped.status,
        stopped.attributes["error.type"],
        stopped.attributes["paycombat.batch.pending"],
    )
    assert ("ERROR", "CancelledError") == (cut.status, cut.attributes["error.type"])
    assert before is context.get_current()


async def test_without_telemetry_a_batch_has_no_span(make_client, recording) -> None:
    """And its rows none either."""
    with recording.tracers.get_tracer("application").start_as_current_span("nightly"):
        await sync_customers(make_client(telemetry=False, transport=Provider()), rows(3))

    assert ["nightly"] == [span.name for span in recording.spans]
