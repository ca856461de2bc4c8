"""What every inbox keeps apart: events of one object, and deliveries of events that came one after the other."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from paycombat_async import LeaseLost
from paycombat_async.intents import IntentState, MemoryIntents, NewIntent, Settlement
from paycombat_async.webhooks import Inbox, MemoryInbox, Receipt, SqliteInbox
from paycombat_async.webhooks.inboxes import memory, postgres_scripts, sqlite_file
from tests.postgres_server import PostgresServer, postgres_inbox
from tests.webhooks.postgres_events import event

pytestmark = pytest.mark.promise("P14")

PENDING, SENT, OTHER = event("PENDING", "PAYOUT"), event("SUCCESS", "PAYOUT"), event("SUCCESS", "PAYOUT", 2)
PAUSE_S = 3600.0  # longer than any test takes


@pytest.fixture(name="intents")
def _intents() -> MemoryIntents:
    return MemoryIntents()


@pytest.fixture(name="inbox", params=["memory", "sqlite", "postgres"])
async def _inbox(request: pytest.FixtureRequest, tmp_path: Path, intents: MemoryIntents) -> AsyncIterator[Inbox]:
    if request.param == "memory":
        yield MemoryInbox(intents=intents)
    elif request.param == "sqlite":
        inbox = SqliteInbox(tmp_path / "inbox.db", intents=intents)
        yield inbox
        await inbox.aclose()
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        async with postgres_inbox(server.dsn, intents=intents) as in_postgres:
            yield in_postgres


async def test_an_event_waits_while_the_one_before_it_pauses(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A payout's success is not worked on before its first status, which failed and is tried again later."""
    for module in (memory, sqlite_file, postgres_scripts):
        monkeypatch.setattr(module, "retry_delay", lambda _attempt: PAUSE_S)
    for each in (PENDING, SENT, OTHER):
        assert await inbox.receive(each) is Receipt.NEW

    first = await inbox.take()
    assert first is not None
    await inbox.release(first)
    second = await inbox.take()

    assert second is not None
    assert (PENDING, OTHER) == (first.event, second.event)
    assert await inbox.take() is None


async def test_an_event_never_gets_the_number_of_a_forgotten_one(inbox: Inbox) -> None:
    """A worker that comes back after days must not end the event of another one."""
    await inbox.receive(SENT)
    late = await inbox.take(lease=0)
    assert late is not None
    await inbox.done(SENT)
    assert 1 == await inbox.forget(days=-1)
    await inbox.receive(OTHER)
    taken = await inbox.take()
    assert taken is not None

    with pytest.raises(LeaseLost):
        await inbox.done(late)

    assert [OTHER] == await inbox.pending()
    assert late.number < taken.number


async def test_what_is_outdated_is_no_conflict_whatever_the_record_says(inbox: Inbox, intents: MemoryIntents) -> None:
    """The first judgement of an event whose status is not known yet must be made again with the right one."""
    named = [event(status, "PAYOUT", order_id="order-1") for status in ("SUCCESS", "PENDING", "RETURNED")]
    assert await inbox.receive(named[0]) is Receipt.NEW
    call: dict[str, Any] = {"endpoint": "payouts.create", "reference": "order-1"}
    await intents.begin(NewIntent(**call, body_digest="d", owner="tests", lease=60))
    await intents.settle(
        Settlement(**call, attempt=1, state=IntentState.APPLIED, evidence="answer", object_id="another payout")
    )

    assert [Receipt.OUTDATED, Receipt.CONFLICT] == [await inbox.receive(each) for each in named[1:]]
    assert [named[2]] == await inbox.pending(Receipt.CONFLICT)
