"""Webhooks as evidence: an event that names a recorded call settles it; one that contradicts the record is listed."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import StoreFailed
from paycombat_async.intents import Intent, Intents, IntentState, MemoryIntents, NewIntent, Settlement, SqliteIntents
from paycombat_async.testing import FakeClock
from paycombat_async.webhooks import Inbox, MemoryInbox, Receipt, SqliteInbox, WebhookEvent, read
from paycombat_async.webhooks.inboxes.evidence import NamedCall, call_of
from paycombat_sync import webhooks as blocking

pytestmark = pytest.mark.promise("P13", "P14")

NEW, DUPLICATE, OUTDATED, CONFLICT = Receipt
PAYOUT, PAYIN = "payouts.create", "payins.create"


def event(kind: str, status: str, object_id: str = "object_1", **more: object) -> WebhookEvent:
    return read(json.dumps({"id": object_id, "type": kind, "status": status, **more}).encode())


def payout(status: str = "SUCCESS", object_id: str = "object_1") -> WebhookEvent:
    return event("PAYOUT", status, object_id, order_id="order-1")


@pytest.fixture(name="store", params=["memory", "sqlite"])
async def _store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Intents]:
    store = MemoryIntents() if request.param == "memory" else SqliteIntents(tmp_path / "intents.db")
    yield store
    await store.aclose()


@pytest.fixture(name="inbox", params=["memory", "sqlite"])
async def _inbox(request: pytest.FixtureRequest, tmp_path: Path, store: Intents) -> AsyncIterator[Inbox]:
    in_memory = request.param == "memory"
    inbox = MemoryInbox(intents=store) if in_memory else SqliteInbox(tmp_path / "inbox.db", intents=store)
    yield inbox
    await inbox.aclose()


async def call(store: Intents, endpoint: str = PAYOUT, state: IntentState | None = None, **more: str) -> None:
    """Record a call, and how it ended."""
    new = NewIntent(endpoint=endpoint, reference="order-1", body_digest="d", owner="test", lease=3600)
    attempt = (await store.begin(new)).intent.attempt
    if state:
        settled = {"endpoint": endpoint, "reference": "order-1", "attempt": attempt, "state": state}
        await store.settle(Settlement(**settled, evidence="answer", **more))


async def record(store: Intents, endpoint: str = PAYOUT) -> Intent:
    (found,) = [intent for intent in await store.find("order-1") if intent.endpoint == endpoint]
    return found


@pytest.mark.parametrize("state", [None, IntentState.UNKNOWN], ids=["under way", "unknown"])
@pytest.mark.parametrize(
    ("endpoint", "delivered"),
    [
        *((PAYOUT, payout(status)) for status in ("PENDING", "SUCCESS", "FAILED", "RETURNED", "MELTED")),
        (PAYOUT, event("PAYOUT", "SUCCESS", order_id="order-1", approval="FAILED")),
        *((PAYIN, event("PAYIN", status, order_reference="order-1")) for status in ("SUCCESS", "FAILED", "EXPIRED")),
    ],
    ids=lambda it: it if isinstance(it, str) else f"{type(it).__name__}-{it.status}",
)
async def test_an_event_settles_the_call_that_it_names(inbox, store, endpoint, delivered, state):
    """As applied, whatever its status: the object was made, so the call was carried out."""
    await call(store, endpoint, state)

    assert await inbox.receive(delivered) is NEW

    intent = await record(store, endpoint)
    assert (intent.state, intent.evidence, intent.object_id) == (IntentState.APPLIED, "webhook", "object_1")


@pytest.mark.parametrize(
    "delivered",
    [
        event("PAYOUT", "SUCCESS"),
        event("PAYOUT", "SUCCESS", order_id="order-2"),
        event("PAYOUT", "SUCCESS", order_reference="order-1"),
        event("PAYIN", "SUCCESS", order_reference="order-1"),
        event("REFUND", "SUCCESS", order_id="order-1"),
        event("PAYOUT", "SUCCESS", order_id=""),
        event("PAYOUT", "MELTED", order_id=["order-1"]),
        event("", "APPROVED", order_id="order-1"),
    ],
    ids=["none", "another", "another field", "another endpoint", "another type", "empty", "a list", "an account"],
)
async def test_an_event_that_names_no_recorded_call_settles_none(inbox, store, delivered):
    """And it is received as ever."""
    await call(store)

    assert await inbox.receive(delivered) is NEW
    assert (await record(store)).state is IntentState.SENDING


@pytest.mark.parametrize("state", [IntentState.APPLIED, IntentState.REJECTED])
async def test_a_reference_of_two_calls_settles_the_one_that_the_event_is_about(inbox, store, state):
    """A payin and a payout of one order may have the same reference."""
    await call(store, PAYIN, state, object_id="payin_1")
    await call(store)

    assert await inbox.receive(payout()) is NEW

    settled = await record(store)
    assert (IntentState.APPLIED, "object_1", "webhook") == (settled.state, settled.object_id, settled.evidence)
    assert state is (await record(store, PAYIN)).state


async def test_a_duplicate_settles_too(inbox, store, tmp_path):
    """The process may have died between the two stores, or the inbox had no intents store before."""
    await inbox.receive(payout())
    await call(store)

    assert await inbox.receive(payout()) is DUPLICATE
    assert (await record(store)).state is IntentState.APPLIED


@pytest.mark.parametrize(
    ("state", "more"),
    [
        (IntentState.APPLIED, {"object_id": "object_2"}),
        (IntentState.REJECTED, {}),
        (IntentState.NOT_SENT, {}),
    ],
    ids=["another id", "refused", "not sent"],
)
async def test_an_event_that_contradicts_the_record_is_a_conflict(inbox, store, state, more):
    """Listed for a person, given to no worker; it does not change how the payout stands."""
    await call(store, PAYOUT, state, **more)

    receipts = [await inbox.receive(payout()), await inbox.receive(payout())]

    assert [CONFLICT, DUPLICATE] == receipts
    assert [payout()] == await inbox.pending(CONFLICT)
    assert await inbox.take() is None
    assert await inbox.receive(event("PAYOUT", "FAILED")) is NEW


async def test_a_record_with_another_id_stays(inbox, store):
    """Each event of the other payout is listed."""
    await call(store, PAYOUT, IntentState.APPLIED, object_id="object_2")
    before = await record(store)

    assert [CONFLICT] * 2 == [await inbox.receive(payout(status)) for status in ("SUCCESS", "RETURNED")]
    assert before == await record(store)


@pytest.mark.parametrize("state", [IntentState.REJECTED, IntentState.NOT_SENT])
async def test_a_call_that_was_carried_out_after_all_is_not_sent_again(inbox, store, state):
    """The record is corrected: with the refusal in it, the next call with this reference would pay twice."""
    await call(store, PAYOUT, state)

    await inbox.receive(payout())

    intent = await record(store)
    assert (intent.state, intent.object_id) == (IntentState.APPLIED, "object_1")
    assert "webhook PAYOUT:object_1:SUCCESS, after a refusal" == intent.evidence


async def test_a_contradiction_outlives_an_inbox_that_fails(store):
    """The first delivery corrects the record and is then lost with its process; the next one is listed all the same."""
    await call(store, PAYOUT, IntentState.REJECTED)

    await MemoryInbox(intents=store).receive(payout())  # nothing of this inbox is left
    inbox = MemoryInbox(intents=store)

    assert [CONFLICT, DUPLICATE] == [await inbox.receive(payout()) for _ in range(2)]
    assert await inbox.receive(payout("RETURNED")) is NEW


SENT = {"wire_amount": ("50", "55.5"), "currency": ("AUD",), "$mode": ("live",)}


@pytest.mark.parametrize("state", [None, IntentState.UNKNOWN], ids=["under way", "unknown"])
@pytest.mark.parametrize("status", ["SUCCESS", "RETURNED", "MELTED"])
@pytest.mark.parametrize(
    ("shown", "fits"),
    [
        ({}, True),
        ({"wire_amount": 50.0, "currency": "AUD"}, True),
        ({"wire_amount": "55.50"}, True),
        ({"wire_amount": 49.2, "original_amount": 50}, True),
        ({"wire_amount": 49.2}, False),
        ({"wire_amount": 49.2, "original_amount": 49.2}, False),
        ({"wire_amount": 50, "currency": "KRW"}, False),
    ],
    ids=str,
)
async def test_a_payout_of_another_amount_settles_nothing(inbox, store, state, status, shown, fits):
    """It may be an older payout whose order had the same name; `reconcile` does not take it for this one, either."""
    new = NewIntent(endpoint=PAYOUT, reference="order-1", body_digest="d", owner="test", lease=3600, expected=SENT)
    await store.begin(new)
    if state:
        unknown = Settlement(endpoint=PAYOUT, reference="order-1", attempt=1, state=state, evidence="answer")
        await store.settle(unknown)
    delivered = event("PAYOUT", status, order_id="order-1", **shown)

    receipts = [await inbox.receive(delivered), await inbox.receive(delivered)]

    assert [NEW if fits else CONFLICT, DUPLICATE] == receipts
    assert ((await record(store)).state is IntentState.APPLIED) is fits


@pytest.mark.parametrize(("amount", "receipt"), [(50, NEW), (90, CONFLICT)])
async def test_after_a_persons_word_the_amount_still_counts(inbox, store, amount, receipt):
    """Whether the word comes before the event or after it, and also when `forget` has deleted the key of the event."""
    new = NewIntent(endpoint=PAYOUT, reference="order-1", body_digest="d", owner="test", lease=3600, expected=SENT)
    await store.begin(new)
    delivered, returned = (
        event("PAYOUT", status, order_id="order-1", wire_amount=amount) for status in ("SUCCESS", "RETURNED")
    )
    word = Settlement(
        endpoint=PAYOUT, reference="order-1", attempt=1, state=IntentState.APPLIED, evidence="Ana", object_id=None
    )
    await store.settle(word)

    assert [receipt, receipt] == [await inbox.receive(delivered), await inbox.receive(returned)]

    for each in (delivered, returned):
        await inbox.done(each)
    await inbox.forget(days=-1)
    assert await inbox.receive(delivered) is (OUTDATED if receipt is NEW else CONFLICT)
    assert "Ana" == (await record(store)).evidence


async def test_a_payin_may_be_paid_in_another_amount(inbox, store):
    """Whoever works on the event compares the amounts."""
    new = NewIntent(
        endpoint=PAYIN, reference="order-1", body_digest="d", owner="test", lease=9, expected={"amount": ("12.5",)}
    )
    await store.begin(new)

    assert await inbox.receive(event("PAYIN", "SUCCESS", order_reference="order-1", amount=12)) is NEW
    assert (await record(store, PAYIN)).state is IntentState.APPLIED


async def test_an_event_that_agrees_with_the_record_is_new(inbox, store):
    """By its id, or where one of the two has none."""
    await call(store, PAYOUT, IntentState.APPLIED, object_id="object_1")

    assert await inbox.receive(payout()) is NEW
    assert await inbox.receive(payout(object_id="")) is NEW
    assert "answer" == (await record(store)).evidence


async def test_a_conflict_with_the_record_does_not_hide_that_an_event_is_outdated(inbox, store):
    """It was received before the record was made, and is not listed a second time."""
    await inbox.receive(payout("RETURNED"))
    await call(store, PAYOUT, IntentState.REJECTED)

    assert await inbox.receive(payout("SUCCESS")) is OUTDATED
    assert [] == await inbox.pending(CONFLICT)


class Failing(MemoryIntents):
    """A store that fails when it is to be read or written."""

    async def find(self, reference: str) -> list[Intent]:
        raise StoreFailed("the intents store is down")


async def test_an_event_whose_evidence_cannot_be_stored_is_not_received(tmp_path):
    """The answer is 500, and the provider repeats it; one that names no call is received."""
    inbox = MemoryInbox(intents=Failing())

    with pytest.raises(StoreFailed, match="the intents store is down"):
        await inbox.receive(payout())

    assert [] == await inbox.pending()
    assert await inbox.receive(event("PAYOUT", "SUCCESS", "object_2")) is NEW


class Raced(MemoryIntents):
    """A store in which the client settles the call just before the inbox does."""

    def __init__(self, object_id: str) -> None:
        super().__init__()
        self._object_id = object_id

    async def settle(self, settlement: Settlement) -> bool:
        if settlement.evidence == "webhook":
            await call_settled(super(), settlement, self._object_id)
        return await super().settle(settlement)


async def call_settled(store: MemoryIntents, settlement: Settlement, object_id: str) -> None:
    await store.settle(
        Settlement(
            endpoint=settlement.endpoint,
            reference=settlement.reference,
            attempt=settlement.attempt,
            state=IntentState.APPLIED,
            evidence="answer",
            object_id=object_id,
        )
    )


@pytest.mark.parametrize(("object_id", "receipt"), [("object_1", NEW), ("object_2", CONFLICT)])
async def test_an_answer_that_arrives_at_the_same_moment_is_compared(object_id, receipt):
    """The record is read again when it has changed in between."""
    store = Raced(object_id)
    await call(store)

    assert await MemoryInbox(intents=store).receive(payout()) is receipt


def test_the_blocking_inboxes_settle_too(tmp_path):
    """The same store objects."""
    store = SqliteIntents(tmp_path / "intents.db")
    asyncio.run(call(store))
    inbox = blocking.SqliteInbox(tmp_path / "inbox.db", intents=store)

    inbox.receive(payout())
    inbox.close()

    assert asyncio.run(record(store)).state is IntentState.APPLIED
    asyncio.run(store.aclose())


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.lists(st.text(), max_size=1)))
def test_any_reference_is_a_call_or_none(reference):
    """A hostile or careless one raises nothing, and what no store could have recorded is not looked for."""
    try:
        body = json.dumps({"id": "object_1", "type": "PAYOUT", "status": "SUCCESS", "order_id": reference}).encode()
    except UnicodeEncodeError:
        return
    found = call_of(read(body))

    assert found is None or isinstance(found, NamedCall)
    assert asyncio.run(MemoryInbox(intents=MemoryIntents(), clock=FakeClock()).receive(read(body))) is NEW


def test_a_number_as_a_reference_is_text():
    """A provider that writes the digits of an order id as a number means the same order."""
    assert NamedCall(PAYOUT, "17") == call_of(event("PAYOUT", "SUCCESS", order_id=17))
    assert NamedCall(PAYOUT, "17") == call_of(event("PAYOUT", "MELTED", order_id=17))
    assert call_of(event("PAYOUT", "MELTED", order_id=True)) is None


@pytest.mark.parametrize("object_id", ["a\0b", "a" * 256])
def test_an_id_that_no_store_keeps_is_no_evidence(object_id):
    """PostgreSQL refuses a NUL, so that each delivery of the event would fail, for ever."""
    assert call_of(payout(object_id=object_id)) is None
