"""The work on a webhook is a CONSUMER span, in which what the worker does belongs, and is counted."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from opentelemetry import context

from paycombat_async import LeaseLost, StoreFailed, webhooks
from paycombat_sync import webhooks as blocking
from tests.telemetry.recording import Recording, Seen
from tests.telemetry.test_hostile import HOSTILE
from tests.webhooks.postgres_events import event

pytestmark = pytest.mark.promise("P17")

TAKEN = {"paycombat.event": "PayinSucceeded", "paycombat.event.number": 1, "paycombat.attempt": 1}


@pytest.fixture(name="inbox", params=["memory", "file", "PostgreSQL"])
async def _inbox(request: pytest.FixtureRequest, tmp_path, recording: Recording) -> AsyncIterator[Any]:
    if request.param == "memory":
        yield webhooks.MemoryInbox(telemetry=recording.telemetry)
    elif request.param == "file":
        async with contextlib.aclosing(
            webhooks.SqliteInbox(tmp_path / "webhooks.db", telemetry=recording.telemetry)
        ) as inbox:
            yield inbox
    else:
        dsn = request.getfixturevalue("postgres_server").dsn
        async with contextlib.aclosing(
            webhooks.PostgresInbox(dsn, schema="telemetry", telemetry=recording.telemetry)
        ) as inbox:
            await inbox.migrate()
            yield inbox


@pytest.fixture(name="blocking_inbox", params=["memory", "file", "PostgreSQL"])
def _blocking_inbox(request: pytest.FixtureRequest, tmp_path, recording: Recording) -> Iterator[Any]:
    if request.param == "memory":
        inbox: Any = blocking.MemoryInbox(telemetry=recording.telemetry)
    elif request.param == "file":
        inbox = blocking.SqliteInbox(tmp_path / "webhooks.db", telemetry=recording.telemetry)
    else:
        dsn = request.getfixturevalue("postgres_server").dsn
        inbox = blocking.PostgresInbox(dsn, schema="telemetry_blocking", telemetry=recording.telemetry)
        inbox.migrate()
    yield inbox
    inbox.close()


def the_same(seen: Seen, attributes: dict[str, Any]) -> None:
    number = {"paycombat.event.number": seen.attributes["paycombat.event.number"]}
    assert attributes | number == seen.attributes


@pytest.mark.parametrize("way", ["delivery", "taken"])
async def test_the_work_on_a_webhook_is_a_span(way, inbox, recording) -> None:
    """What the worker does meanwhile is part of it; a clean end is "done", an error "released"."""
    before, tracer = context.get_current(), recording.tracers.get_tracer("application")
    await inbox.receive(event("SUCCESS", number=f"{way} 4711"))
    for outcome in ("released", "done"):
        with contextlib.suppress(ZeroDivisionError):
            async with contextlib.AsyncExitStack() as stack:
                if way == "taken":
                    await stack.enter_async_context(inbox.taken())
                else:
                    await stack.enter_async_context(await inbox.take())
                with tracer.start_as_current_span("ship"):
                    pass
                _ = 1 / (outcome == "done")

    first, released, second, done = recording.spans
    assert [("ship", "webhooks.work")] * 2 == [(span.name, span.parent) for span in (first, second)]
    the_same(released, TAKEN | {"paycombat.outcome": "released", "error.type": "ZeroDivisionError"})
    the_same(done, TAKEN | {"paycombat.attempt": 2, "paycombat.outcome": "done"})
    assert [("CONSUMER", None, "ERROR"), ("CONSUMER", None, "UNSET")] == [
        (span.kind, span.parent, span.status) for span in (released, done)
    ]
    kind = {"paycombat.event": "PayinSucceeded"}
    assert [
        (kind | {"paycombat.outcome": "released", "error.type": "ZeroDivisionError"}, 1),
        (kind | {"paycombat.outcome": "done"}, 1),
    ] == recording.points("paycombat.inbox.deliveries")
    assert before is context.get_current()
    assert [] == [text for text in recording.everything() if " 4711" in text]


@pytest.mark.parametrize("way", ["delivery", "taken"])
def test_the_blocking_inbox_has_the_same(way, blocking_inbox, recording) -> None:
    """In the thread of the worker."""
    before, tracer = context.get_current(), recording.tracers.get_tracer("application")
    blocking_inbox.receive(event("SUCCESS", number=f"{way} 4711"))
    for outcome in ("released", "done"):
        with contextlib.suppress(ZeroDivisionError), contextlib.ExitStack() as stack:
            stack.enter_context(blocking_inbox.taken() if way == "taken" else blocking_inbox.take())
            with tracer.start_as_current_span("ship"):
                pass
            _ = 1 / (outcome == "done")

    first, released, second, done = recording.spans
    assert [("ship", "webhooks.work")] * 2 == [(span.name, span.parent) for span in (first, second)]
    the_same(released, TAKEN | {"paycombat.outcome": "released", "error.type": "ZeroDivisionError"})
    the_same(done, TAKEN | {"paycombat.attempt": 2, "paycombat.outcome": "done"})
    assert before is context.get_current()


async def test_what_was_lost_is_not_done(recording, monkeypatch) -> None:
    """The lease, or the store in the end: the span says so, as the worker's own error would."""
    inbox = webhooks.MemoryInbox(telemetry=recording.telemetry)
    await inbox.receive(event("SUCCESS"))

    async def lose(delivery: Any) -> None:
        async with delivery:
            await inbox.release(delivery)
            assert await inbox.take() is not None  # by another worker

    async def fail(delivery: Any) -> None:
        async with delivery:
            monkeypatch.setattr(inbox, "done", refuse)

    async def refuse(_: object) -> None:
        raise StoreFailed("the disk is full")

    with pytest.raises(LeaseLost):
        await lose(await inbox.take())
    await inbox.receive(event("SUCCESS", number=2))
    with pytest.raises(StoreFailed):
        await fail(await inbox.take())

    assert ["LeaseLost", "StoreFailed"] == [span.attributes["error.type"] for span in recording.spans]
    assert ["released"] * 2 == [span.attributes["paycombat.outcome"] for span in recording.spans]


async def test_without_telemetry_there_is_no_span(recording) -> None:
    """The span of the program stays the current one."""
    inbox = webhooks.MemoryInbox(telemetry=False)
    await inbox.receive(event("SUCCESS"))
    tracer = recording.tracers.get_tracer("application")

    with tracer.start_as_current_span("poll"):
        async for delivery in inbox.work():
            async with delivery:
                with tracer.start_as_current_span("ship"):
                    pass
            break

    assert [("ship", "poll"), ("poll", None)] == [(span.name, span.parent) for span in recording.spans]


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_broken_provider_loses_no_webhook(hostile) -> None:
    """It is done all the same, on either side."""
    before = context.get_current()
    inbox = webhooks.MemoryInbox(telemetry=HOSTILE[hostile]())
    await inbox.receive(event("SUCCESS"))
    async with await inbox.take():
        await asyncio.sleep(0)

    def work() -> int:
        with contextlib.closing(blocking.MemoryInbox(telemetry=HOSTILE[hostile]())) as other:
            other.receive(event("SUCCESS"))
            with other.take():
                pass
            return other.depth().waiting + other.depth().taken

    assert (0, 0) == ((await inbox.depth()).waiting, await asyncio.to_thread(work))
    assert before is context.get_current()
