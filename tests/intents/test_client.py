"""Calls that move money on a client with an intents store: once per reference, whatever happens to the answer."""

import asyncio
import gc
import logging
import sys
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from paycombat_async import (
    AnswerNotKept,
    AsyncPayCombat,
    Call,
    ConfigurationError,
    ConnectFailed,
    CreateCustomer,
    CreatePayin,
    Draft,
    IntentInProgress,
    InvalidRequest,
    NotFound,
    Outcome,
    OutcomeUnknown,
    PayCombatError,
    RawReply,
    ReferenceReused,
    StoreFailed,
    TimedOut,
    canonical_json,
    webhooks,
)
from paycombat_async._engine.records import LEASE_MARGIN_S
from paycombat_async._signing import body_digest
from paycombat_async.endpoints import CREATE_PAYIN, CREATE_PAYOUT
from paycombat_async.intents import Intents, IntentState, MemoryIntents, NewIntent, Settlement, SqliteIntents, intent
from paycombat_async.sandbox import Sandbox
from paycombat_async.testing import FakeClock, FakeTransport
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.chaos.matrix_cells import PAYEE

pytestmark = pytest.mark.promise("P13")

PAID = b'{"status":true,"message":"OK","data":{"id":"payout_1","order_id":"order-1"}}'
ORDER = payout(order_id="order-1")


@pytest.fixture(name="store", params=["memory", "sqlite"])
async def _store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    store = MemoryIntents() if request.param == "memory" else SqliteIntents(tmp_path / "intents.db")
    yield store
    await store.aclose()


@pytest.fixture(name="client")
def _client(make_client: Callable[..., AsyncPayCombat], store: Any) -> AsyncPayCombat:
    return make_client(intents=store, base_url="http://127.0.0.1:1")


async def state_of(client: AsyncPayCombat, reference: str = "order-1") -> list[tuple[str, IntentState, int]]:
    return [(each.endpoint, each.state, each.attempt) for each in await client.intents.find(reference)]


async def test_a_payout_is_written_down_before_it_leaves(make_client, store) -> None:
    """The record is there when the transport gets the draft, with the digest of what is sent."""
    seen: list[IntentState] = []

    class Witness(FakeTransport):
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            seen.extend(intent.state for intent in await store.find("order-1"))
            return RawReply(200, {}, PAID)

    await make_client(transport=Witness(), intents=store).payouts.create(ORDER)

    assert [IntentState.SENDING] == seen
    [intent] = await store.find("order-1")
    assert (IntentState.APPLIED, "payout_1", PAID) == (intent.state, intent.object_id, intent.answer)
    assert {"order_id": ("order-1",), "currency": ("AUD", "AUD")}.items() <= intent.expected.items()


async def test_the_same_payout_again_is_answered_from_its_record(client, transport) -> None:
    """Nothing is sent, and the reply says that it is as old as the record."""
    transport.answer(200, PAID)
    first = await client.send(CREATE_PAYOUT, ORDER)
    second = await client.send(CREATE_PAYOUT, ORDER)

    assert (first.data, False, True) == (second.data, first.is_replayed, second.is_replayed)
    assert (1, 0) == (len(transport.drafts), second.attempts)


async def test_another_body_under_a_used_reference_is_refused(client, transport) -> None:
    """It is another payout, and the first one stays what it is."""
    transport.answer(200, PAID)
    await client.payouts.create(ORDER)

    with pytest.raises(ReferenceReused) as caught:
        await client.payouts.create(payout(order_id="order-1", sender_amount=51))

    assert (Outcome.NOT_SENT, 1) == (caught.value.outcome, len(transport.drafts))


@pytest.mark.parametrize("refusal", [400, 401, 422, 429])
async def test_a_refused_payout_may_be_corrected(refusal, client, transport) -> None:
    """The reference is free again, and the corrected body is the next attempt."""
    transport.answer(refusal, b'{"status":false}')
    transport.answer(200, PAID)
    with pytest.raises(PayCombatError):
        await client.payouts.create(payout(order_id="order-1", sender_amount=51))

    await client.payouts.create(ORDER)

    assert [("payouts.create", IntentState.APPLIED, 2)] == await state_of(client)


async def test_a_payout_in_doubt_is_never_sent_again(client, transport) -> None:
    """The second call says so, with the advice, and so does the list of what only a person can judge."""
    transport.fail(TimedOut("silence"))
    with pytest.raises(TimedOut):
        await client.payouts.create(ORDER)

    with pytest.raises(OutcomeUnknown) as caught:
        await client.payouts.create(ORDER)

    error = caught.value
    assert (Outcome.UNKNOWN, False, 1) == (error.outcome, error.may_pass_later, len(transport.drafts))
    assert ("payouts.create", "order-1") == (error.endpoint, error.reference)
    assert "list your payouts" in error.advice
    assert ["order-1"] == [intent.reference for intent in await client.intents.unresolved()]
    with pytest.raises(ReferenceReused):
        await client.payouts.create(payout(order_id="order-1", sender_amount=51))


async def test_a_payout_under_way_is_not_sent_by_somebody_else(make_client, store) -> None:
    """Of ten calls at once, on two clients, one is sent."""
    gate = asyncio.Event()
    drafts: list[Draft] = []

    class Slow:
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            drafts.append(draft)
            await gate.wait()
            return RawReply(200, {}, PAID)

    clients = [make_client(transport=Slow(), intents=store) for _ in range(2)]
    calls = [asyncio.create_task(clients[n % 2].payouts.create(ORDER)) for n in range(10)]
    done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_EXCEPTION)
    gate.set()
    results = await asyncio.gather(*calls, return_exceptions=True)

    assert 1 == len(drafts)
    assert done
    assert {"payout_1"} == {result.id for result in results if not isinstance(result, BaseException)}
    assert {IntentInProgress} >= {type(result) for result in results if isinstance(result, BaseException)}


@pytest.mark.parametrize("skew", [0, -86_400, 86_400])
async def test_a_killed_payout_can_be_asked_for_again_when_its_lease_is_over(make_client, clock, skew) -> None:
    """The error and the list say when; until then nothing is unresolved, which does not mean that all is well."""
    store = MemoryIntents(clock=clock)
    digest = body_digest(canonical_json(ORDER))
    killed = NewIntent(endpoint="payouts.create", reference="order-1", body_digest=digest, owner="killed", lease=35)
    begun = (await store.begin(killed)).intent
    client = make_client(intents=store, clock=FakeClock(start=clock.now() + 5 + skew))
    clock.time += 5

    with pytest.raises(IntentInProgress, match=r"this one was not sent; ask again in [0135]+ s") as caught:
        await client.payouts.create(ORDER)

    [listed] = await client.intents.sending()
    report = await client.intents.reconcile()
    assert {0: 30.0, 86_400: 1.0, -86_400: 35.0}[skew] == caught.value.retry_after
    assert (begun.leased_until, IntentState.SENDING) == (listed.leased_until, listed.state)
    assert ([], (listed,), ()) == (await client.intents.unresolved(), report.sending, report.unresolved)
    clock.time += 30
    assert [] == await client.intents.sending()
    assert ["order-1"] == [intent.reference for intent in await client.intents.unresolved()]


async def test_without_a_reference_a_payout_is_refused(client, transport) -> None:
    """It is the reference that makes it happen once. A customer without one is simply not recorded."""
    for request in (client.payouts.create(payout(order_id="")), client.payins.create(CreatePayin(extra={"a": 1}))):
        with pytest.raises(InvalidRequest):
            await request
    transport.answer(200, b'{"status":true,"data":{"customer_id":"c"}}')
    await client.customers.create(CreateCustomer(description="new", type="individual"))

    assert 1 == len(transport.drafts)


async def test_any_call_can_be_brought_under_the_store(client, transport) -> None:
    """By `reference=`; without a store that is a mistake in the set-up."""
    transport.answer(200, b'{"status":true,"data":{"a":1}}')
    for _ in range(2):
        reply = await client.request("POST", "/api/v1/new", body={"a": 1}, reference="thing-1")
        assert {"a": 1} == reply.data

    assert 1 == len(transport.drafts)
    assert [("POST /api/v1/new", IntentState.APPLIED, 1)] == await state_of(client, "thing-1")


async def test_an_empty_answer_is_an_answer(client, transport) -> None:
    """A call whose answer was empty was carried out as well, and is answered from its record."""
    transport.answer(200, b"")
    made = [await client.request("POST", "/api/v1/new", body={"a": 1}, reference="thing-1") for _ in range(2)]

    assert [(None, False), (None, True)] == [(reply.data, reply.is_replayed) for reply in made]
    assert 1 == len(transport.drafts)


async def test_a_payout_has_one_name(client, transport) -> None:
    """Under another name than its order_id it could be sent a second time, and no list would find it."""
    transport.answer(200, PAID)
    await client.send(CREATE_PAYOUT, ORDER, reference="order-1")
    with pytest.raises(InvalidRequest, match="reference= differs from order_id in the request") as caught:
        await client.send(CREATE_PAYOUT, ORDER, reference="another")

    assert (Outcome.NOT_SENT, "$.order_id", 1) == (caught.value.outcome, caught.value.path, len(transport.drafts))


async def test_an_error_of_the_store_is_freed_at_once(make_client) -> None:
    """Without the garbage collector: no cycle holds the frames, and with them the request."""
    gc.collect()
    gc.disable()
    try:
        freed = []
        try:
            await make_client(intents=Broken("begin")).payouts.create(ORDER)
        except StoreFailed as error:
            weakref.finalize(error, freed.append, True)
        assert [True] == freed
    finally:
        gc.enable()


async def test_a_reference_without_a_store_is_refused(make_client) -> None:
    """It would promise what nobody keeps; so would the namespace."""
    client = make_client()
    for work in (client.request("POST", "/x", body={}, reference="r"), client.intents.unresolved()):
        with pytest.raises(ConfigurationError, match="intents store"):
            await work


class Broken(MemoryIntents):
    """Fails where it is told to."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where

    async def begin(self, new: NewIntent) -> Any:
        if self._where == "begin":
            raise StoreFailed("the disk is full")
        return await super().begin(new)

    async def settle(self, settlement: Settlement) -> bool:
        if self._where == "settle":
            raise OSError("snd_secret in it")
        return await super().settle(settlement)


async def test_a_store_that_cannot_write_sends_nothing(make_client, transport) -> None:
    """Whoever cannot write it down must not pay."""
    with pytest.raises(StoreFailed) as caught:
        await make_client(intents=Broken("begin")).payouts.create(ORDER)

    assert (Outcome.NOT_SENT, True, []) == (caught.value.outcome, caught.value.may_pass_later, transport.drafts)


async def test_a_store_that_fails_after_the_send_does_not_lose_the_answer(make_client, transport, caplog) -> None:
    """Log and hook say that it is not recorded; until its lease ends the record says that the call is under way."""
    calls: list[Call] = []
    store = Broken("settle")
    transport.answer(200, PAID)
    with caplog.at_level(logging.WARNING, "paycombat"):
        made = await make_client(intents=store, on_call=calls.append).payouts.create(ORDER)

    assert ("payout_1", [False]) == (made.id, [call.is_recorded for call in calls])
    assert "not recorded" in caplog.text
    assert "snd_secret" not in caplog.text
    assert [IntentState.SENDING] == [intent.state for intent in await store.find("order-1")]


@pytest.mark.promise("P4")
async def test_the_deadline_covers_the_time_in_the_store(make_client, transport, clock) -> None:
    """An attempt is allowed what is left after the store has taken its time."""

    class Slow(MemoryIntents):
        async def begin(self, new: NewIntent) -> Any:
            clock.time += 4
            return await super().begin(new)

    transport.answer(200, PAID)
    await make_client(intents=Slow(), timeout=10.0).payouts.create(ORDER)

    assert [6.0] == transport.timeouts


@pytest.mark.parametrize("timeout", [1e11, sys.maxsize], ids=["thousands of years", "maxsize"])
async def test_a_timeout_that_is_to_mean_none_is_no_error(timeout, make_client, store, transport) -> None:
    """As long as the client takes it, so does the store; the record must not be under way for ever, either."""
    transport.answer(200, PAID)
    client = make_client(intents=store, transport=transport, timeout=timeout)

    made, again = await client.payouts.create(ORDER), await client.payouts.create(ORDER)

    assert made == again
    assert [("payouts.create", IntentState.APPLIED, 1)] == await state_of(client)


@pytest.mark.parametrize(
    ("late", "state"), [(0.0, IntentState.SENDING), (LEASE_MARGIN_S, IntentState.UNKNOWN)], ids=["at", "long after"]
)
async def test_a_record_is_under_way_while_its_outcome_is_written(late, state, make_client, clock) -> None:
    """At the deadline of its call the record is not unknown yet: nobody has to resolve what is being settled."""
    store = MemoryIntents(clock=clock)
    found: list[IntentState] = []

    class Slow(FakeTransport):
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            clock.time += timeout + late
            found.extend(intent.state for intent in await store.find("order-1"))
            return RawReply(200, {}, PAID)

    client = make_client(transport=Slow(), intents=store, base_url="http://127.0.0.1:1", timeout=10)
    await client.payouts.create(ORDER)

    assert [state] == found
    assert [("payouts.create", IntentState.APPLIED, 1)] == await state_of(client)


async def test_a_cancelled_payout_is_unknown_at_once(make_client, store) -> None:
    """Its record does not have to wait for its lease to end."""
    taken = asyncio.Event()

    class Silent:
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            taken.set()
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

    client = make_client(transport=Silent(), intents=store)
    task = asyncio.create_task(client.payouts.create(ORDER))
    await taken.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await client.aclose()

    assert ["order-1"] == [intent.reference for intent in await store.unresolved()]


async def test_the_hook_tells_replays_and_records(client, make_client, store, transport) -> None:
    """A call that was answered from its record was not sent."""
    calls: list[Call] = []
    client = make_client(intents=store, on_call=calls.append)
    transport.answer(200, PAID)
    transport.answer(200, b'{"status":true,"data":{"customer_id":"c"}}')
    await client.payouts.create(ORDER)
    await client.payouts.create(ORDER)
    await client.customers.retrieve("c")

    told = [(call.endpoint, call.attempts, call.is_replayed, call.is_recorded) for call in calls]
    assert [
        ("payouts.create", 1, False, True),
        ("payouts.create", 0, True, None),
        ("customers.retrieve", 1, False, None),
    ] == told


async def test_an_answer_that_was_not_kept_is_looked_up(make_client, transport, tmp_path) -> None:
    """By the recorded id; where that is not possible, the error says that the call was carried out."""
    store = SqliteIntents(tmp_path / "intents.db", keep_answers=False)
    client = make_client(intents=store, base_url="http://127.0.0.1:1")
    transport.answer(200, PAID)
    transport.answer(200, b'{"status":true,"data":{"id":"payout_1","status":"SUCCESS"}}')
    transport.answer(200, b'{"status":true,"data":{"a":1}}')
    await client.payouts.create(ORDER)
    again = await client.send(CREATE_PAYOUT, ORDER)
    await client.request("POST", "/x", body={}, reference="thing-1")

    assert ("SUCCESS", True) == (again.data.status, again.is_replayed)
    assert ["POST", "GET", "POST"] == [draft.method for draft in transport.drafts]
    with pytest.raises(AnswerNotKept) as caught:
        await client.request("POST", "/x", body={}, reference="thing-1")
    assert Outcome.APPLIED is caught.value.outcome
    await store.aclose()


@pytest.mark.parametrize(
    "failure",
    [RawReply(404, {}, b"{}"), RawReply(500, {}, b""), TimedOut("silence"), ConnectFailed("nobody")],
    ids=repr,
)
async def test_a_lookup_that_fails_does_not_say_that_nothing_happened(make_client, transport, tmp_path, failure):
    """The path to look it up at is a guess; its 404 is no refusal of the payout, which was carried out."""
    store = SqliteIntents(tmp_path / "intents.db", keep_answers=False)
    client = make_client(intents=store, base_url="http://127.0.0.1:1", max_retries=0)
    transport.answer(200, PAID)
    await client.payouts.create(ORDER)
    if isinstance(failure, RawReply):
        transport.answer(failure.status, failure.body)
    else:
        transport.fail(failure)

    with pytest.raises(
        AnswerNotKept, match=r"^payouts\.create: carried out before .* cannot be looked up: \w"
    ) as caught:
        await client.payouts.create(ORDER)

    error = caught.value
    assert (Outcome.APPLIED, False, 0) == (error.outcome, error.may_pass_later, error.attempts)
    assert ("payouts.create", "order-1") == (error.endpoint, error.reference)
    assert ["POST", "GET"] == [draft.method for draft in transport.drafts]
    await store.aclose()


async def test_a_lookup_that_is_cancelled_does_not_say_that_nothing_happened(make_client, tmp_path):
    """The evidence of the cancelled call says that the payout was carried out."""
    under_way = asyncio.Event()

    class Silent(FakeTransport):
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            if draft.method == "POST":
                return RawReply(200, {}, PAID)
            under_way.set()
            return await asyncio.get_running_loop().create_future()

    store = SqliteIntents(tmp_path / "intents.db", keep_answers=False)
    client = make_client(transport=Silent(), intents=store, base_url="http://127.0.0.1:1")
    await client.payouts.create(ORDER)
    task = asyncio.create_task(client.payouts.create(ORDER))
    await under_way.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError) as caught:
        await task

    fate = caught.value.__cause__
    assert isinstance(fate, AnswerNotKept)
    assert (Outcome.APPLIED, "order-1") == (fate.outcome, fate.reference)
    await store.aclose()


@pytest.fixture(name="sandbox")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def options(sandbox: Sandbox) -> dict[str, Any]:
    return {"token": sandbox.token, "signature_key": sandbox.signature_key, "base_url": sandbox.base_url}


def order(number: int, **fields: object) -> Any:
    return payout(order_id=f"order-{number}", payout_beneficiary_param=PAYEE, **fields)


async def test_reconciling_finds_what_was_carried_out(sandbox: Sandbox, store) -> None:
    """Lost answers are found in the list and settle their records; what is not there proves nothing."""
    async with AsyncPayCombat(**options(sandbox), intents=store) as client:
        sandbox.faults.script("payouts.create", ["500_after_commit", "disconnect_after_commit", "500_before_commit"])
        for number in range(3):
            with pytest.raises(PayCombatError):
                await client.payouts.create(order(number))

        report = await client.intents.reconcile()
        again = await client.payouts.create(order(0))

        assert ["order-0", "order-1"] == sorted(intent.reference for intent in report.applied)
        assert {"list"} == {intent.evidence for intent in report.applied}
        assert [(), ("order-2",)] == [report.ambiguous, tuple(intent.reference for intent in report.unresolved)]
        assert [again.id] == [found.id for found in await client.payouts.find(order_id="order-0")]
        assert ["order-2"] == [intent.reference for intent in await client.intents.unresolved()]
    assert [] == sandbox.ledger.doubles()


async def test_what_does_not_fit_settles_nothing(sandbox: Sandbox, store) -> None:
    """Two payouts with the reference, or one over another amount, are listed for a person."""
    async with AsyncPayCombat(**options(sandbox)) as other:
        for number, amount in ((0, 50), (0, 50), (1, 49)):
            await other.payouts.create(order(number, sender_amount=amount, beneficiary_amount=amount))
    async with AsyncPayCombat(**options(sandbox), intents=store) as client:
        sandbox.faults.script("payouts.create", ["500_before_commit"] * 2)
        for number in range(2):
            with pytest.raises(PayCombatError):
                await client.payouts.create(order(number))

        report = await client.intents.reconcile()

        assert [(), ["order-0", "order-1"]] == [report.applied, sorted(each.reference for each in report.ambiguous)]


async def test_two_that_reconcile_at_once_report_the_same(sandbox: Sandbox, store) -> None:
    """The one that comes second finds the record settled, which is not ambiguous."""
    async with AsyncPayCombat(**options(sandbox), intents=store) as client:
        sandbox.faults.script("payouts.create", ["500_after_commit"])
        with pytest.raises(PayCombatError):
            await client.payouts.create(order(0))

        reports = await asyncio.gather(*(client.intents.reconcile() for _ in range(3)))

    assert ["order-0"] * 3 == [each.reference for report in reports for each in report.applied + report.ambiguous]
    assert {()} == {report.ambiguous for report in reports}


async def test_a_payout_that_moves_to_the_next_page_is_found_once(make_client, store) -> None:
    """New payouts push those of a list from page to page while it is read; the same one twice is not ambiguous."""
    transport = FakeTransport()
    transport.fail(TimedOut("silence"))
    client = make_client(transport=transport, intents=store, base_url="http://127.0.0.1:1")
    with pytest.raises(TimedOut):
        await client.payouts.create(ORDER)
    for numbers in ((3, 2, 1), (1, 0), ()):
        payouts = [{"id": f"payout_{number}", "order_id": f"order-{number}"} for number in numbers]
        transport.answer(200, msgspec.json.encode({"status": True, "data": payouts}))

    report = await client.intents.reconcile()

    assert (["payout_1"], ()) == ([intent.object_id for intent in report.applied], report.ambiguous)


@pytest.mark.parametrize("meanwhile", ["forgotten", "sent again"])
async def test_a_record_that_changes_while_it_is_looked_up(sandbox: Sandbox, store, monkeypatch, meanwhile) -> None:
    """A person resolves it just before the list settles it, and it is gone, or under way again: neither is reported."""
    async with AsyncPayCombat(**options(sandbox), intents=store) as client:
        sandbox.faults.script("payouts.create", ["500_after_commit"])
        with pytest.raises(PayCombatError):
            await client.payouts.create(order(0))
        settle = store.settle

        async def overtaken(settlement: Settlement) -> bool:
            await settle(msgspec.structs.replace(settlement, state=IntentState.REJECTED, evidence="Ana"))
            if meanwhile == "forgotten":
                await store.forget(days=-1)
            else:
                call = NewIntent(
                    endpoint="payouts.create", reference="order-0", body_digest="d", owner="other", lease=60
                )
                assert (await store.begin(call)).may_send
            return await settle(settlement)

        monkeypatch.setattr(store, "settle", overtaken)
        report = await client.intents.reconcile()

    assert ((), (), ()) == (report.applied, report.ambiguous, report.unresolved)


async def test_an_answer_that_comes_after_a_person_has_resolved_is_believed(make_client, store) -> None:
    """The person said that nothing was carried out; now it is known better, and the reference is not sent again."""
    resolved = asyncio.Event()

    class Late(FakeTransport):
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            lost = Settlement(
                endpoint="payouts.create", reference="order-1", attempt=1, state=IntentState.REJECTED, evidence="Ana"
            )
            assert await store.settle(lost)
            resolved.set()
            return RawReply(200, {}, PAID)

    client = make_client(transport=Late(), intents=store)
    first, second = await client.payouts.create(ORDER), await client.payouts.create(ORDER)

    assert (first, True) == (second, resolved.is_set())
    assert [("payouts.create", IntentState.APPLIED, 1)] == await state_of(client)


@pytest.mark.parametrize("days", [-1, float("nan"), float("inf"), 1e12, "30"])
async def test_days_that_are_no_time_forget_nothing(client, transport, days) -> None:
    """A forgotten reference would be sent again."""
    transport.answer(200, PAID)
    await client.payouts.create(ORDER)

    with pytest.raises(ConfigurationError, match="from 0 to 36,500"):
        await client.intents.forget(days=days)
    assert [("payouts.create", IntentState.APPLIED, 1)] == await state_of(client)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "5", None])
async def test_an_age_that_is_no_time_is_refused(client, seconds) -> None:
    """One sentence, whatever the store would make of it."""
    for work in (client.intents.unresolved(older_than=seconds), client.intents.reconcile(older_than=seconds)):
        with pytest.raises(ConfigurationError, match="older_than must be a number of seconds"):
            await work


@pytest.mark.parametrize("reference", ["", " ", "x" * 256, "a\0b", "\ud83d", 5, b"order-1"])
async def test_a_reference_that_cannot_be_stored_is_refused(client, transport, reference) -> None:
    """One sentence, and nothing is sent; also where it stands in the request."""
    calls = [client.send(CREATE_PAYOUT, ORDER, reference=reference)]
    if isinstance(reference, str):
        calls.append(client.payouts.create(payout(order_id=reference)))
    for call in calls:
        with pytest.raises(InvalidRequest) as caught:
            await call
        assert Outcome.NOT_SENT is caught.value.outcome
        assert str(caught.value).count(".") <= 2
    assert [] == transport.drafts


@pytest.mark.parametrize("jump", [-86_400, -10, 10, 86_400])
async def test_a_clock_that_jumps_while_a_call_is_under_way(make_client, tmp_path, clock, jump) -> None:
    """It is never sent again meanwhile, its answer is recorded, and in the end nothing is unresolved or stuck."""
    store = SqliteIntents(tmp_path / "intents.db", clock=clock)

    class Jumping(FakeTransport):
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            clock.time += jump
            with pytest.raises((IntentInProgress, OutcomeUnknown)):
                await client.payouts.create(ORDER)
            return RawReply(200, {}, PAID)

    client = make_client(transport=Jumping(), intents=store)
    made = await client.payouts.create(ORDER)

    assert made == await client.payouts.create(ORDER)
    assert [("payouts.create", IntentState.APPLIED, 1)] == await state_of(client)
    await store.aclose()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_record_from_the_future_is_listed(tmp_path, clock, kind) -> None:
    """The clock was wrong when a process was killed, and was set right since: the record must not wait for years."""
    store: Any = MemoryIntents(clock=clock)
    if kind == "sqlite":
        store = SqliteIntents(tmp_path / "intents.db", clock=clock)
    for reference in ("order-1", "order-2"):
        call = NewIntent(endpoint="payouts.create", reference=reference, body_digest="d", owner="o", lease=35)
        await store.begin(call)
    await store.settle(
        Settlement(
            endpoint="payouts.create", reference="order-2", attempt=1, state=IntentState.UNKNOWN, evidence="answer"
        )
    )
    clock.time -= 10 * 365 * 86_400

    assert ["order-1", "order-2"] == [intent.reference for intent in await store.unresolved(older_than=60)]
    assert 2 == await store.move("default", "other")
    await store.aclose()


@pytest.mark.parametrize("kept", [True, False])
async def test_a_payout_of_the_sandbox_does_not_answer_for_a_live_one(transport, tmp_path, kept) -> None:
    """Whoever tries the sandbox out, and then goes live with the same file, must not believe that he has paid."""
    store = SqliteIntents(tmp_path / "intents.db", keep_answers=kept)
    more: Any = {"transport": transport, "intents": store, "base_url": "http://127.0.0.1:1"}
    sandbox = AsyncPayCombat(token="snd_t", signature_key="snd_k", **more)
    live = AsyncPayCombat(token="live", signature_key="live-key", **more)
    transport.answer(200, PAID)
    transport.answer(400, b'{"status":false}')
    transport.fail(TimedOut("silence"))
    await sandbox.payouts.create(ORDER)
    for name in ("order-2", "order-3"):
        with pytest.raises(PayCombatError):
            await sandbox.payouts.create(payout(order_id=name))

    for name in ("order-1", "order-3"):
        with pytest.raises(ReferenceReused, match="belongs to a call in the other mode") as caught:
            await live.payouts.create(payout(order_id=name))
        assert Outcome.NOT_SENT is caught.value.outcome
    transport.answer(200, PAID.replace(b"order-1", b"order-2"))
    assert "payout_1" == (await live.payouts.create(payout(order_id="order-2"))).id
    assert 4 == len(transport.drafts)
    transport.answer(200, b'{"status":true,"data":[{"id":"payout_9","order_id":"order-3"}]}')
    transport.answer(200, b'{"status":true,"data":[]}')
    report = await live.intents.reconcile()
    assert [(), ["order-3"]] == [report.applied, [intent.reference for intent in report.unresolved]]
    await store.aclose()


async def test_a_person_resolves_what_nobody_else_can(client, transport) -> None:
    """The name is kept. After APPLIED nothing is sent, after REJECTED the reference is free."""
    for _ in range(2):
        transport.fail(TimedOut("silence"))
    for name in ("order-1", "order-2"):
        with pytest.raises(TimedOut):
            await client.payouts.create(payout(order_id=name))
    for nobody in ("", " ", "a\0b", "\ud83d", "x" * 256):
        with pytest.raises(ConfigurationError, match="by= must be the name of the person"):
            await client.intents.resolve("order-1", Outcome.APPLIED, by=nobody)

    applied = await client.intents.resolve("order-1", Outcome.APPLIED, by="Ana")
    rejected = await client.intents.resolve("order-2", Outcome.REJECTED, by="Ana")

    assert ["Ana", "Ana"] == [applied.evidence, rejected.evidence]
    with pytest.raises(AnswerNotKept):
        await client.payouts.create(payout(order_id="order-1"))
    transport.answer(200, PAID.replace(b"order-1", b"order-2"))
    await client.payouts.create(payout(order_id="order-2"))
    for bad in (("order-1", Outcome.APPLIED, "Ana"), ("order-9", Outcome.APPLIED, "Ana"), ("o", Outcome.UNKNOWN, "A")):
        with pytest.raises(ConfigurationError):
            await client.intents.resolve(bad[0], bad[1], by=bad[2])
    assert 2 == await client.intents.forget(days=0)


async def test_a_person_says_which_of_two_calls_is_meant(make_client, store) -> None:
    """A payin and a payout may have one reference, and both may be unknown: a payin has no list to settle it."""
    transport = FakeTransport()
    client = make_client(transport=transport, intents=store, base_url="http://127.0.0.1:1")
    calls = [(CREATE_PAYOUT, ORDER), (CREATE_PAYIN, CreatePayin(extra={"order_reference": "order-1", "amount": 5}))]
    for endpoint, request in calls:
        transport.fail(TimedOut("silence"))
        with pytest.raises(TimedOut):
            await client.send(endpoint, request)

    with pytest.raises(ConfigurationError, match=r"unknown, of payins\.create and payouts\.create; say which"):
        await client.intents.resolve("order-1", Outcome.REJECTED, by="Ana")
    with pytest.raises(ConfigurationError, match="no record with this reference is unknown: there is none"):
        await client.intents.resolve("order-1", Outcome.REJECTED, by="Ana", endpoint="customers.create")
    settled = await client.intents.resolve("order-1", Outcome.REJECTED, by="Ana", endpoint="payins.create")

    assert ("payins.create", IntentState.REJECTED) == (settled.endpoint, settled.state)
    assert ["payouts.create"] == [intent.endpoint for intent in await client.intents.unresolved()]
    await client.intents.resolve("order-1", Outcome.APPLIED, by="Ana")


def test_the_blocking_client_keeps_the_same_promise(sandbox: Sandbox, tmp_path: Path) -> None:
    """With the same store objects and the same names."""
    store = SqliteIntents(tmp_path / "intents.db")
    with PayCombat(**options(sandbox), intents=store) as client:
        sandbox.faults.script("payouts.create", ["disconnect_after_commit"])
        with pytest.raises(PayCombatError):
            client.payouts.create(order(0))
        with pytest.raises(OutcomeUnknown):
            client.payouts.create(order(0))

        report = client.intents.reconcile()
        made = client.payouts.create(order(0))

        assert ["order-0"] == [intent.reference for intent in report.applied]
        assert made.id == report.applied[0].object_id
        assert [] == client.intents.unresolved()
        assert ["applied"] == [intent.state for intent in client.intents.find("order-0")]
        with pytest.raises(NotFound):
            client.payouts.retrieve("payout_of_nobody")
    assert 1 == sum(entry.reference == "order-0" for entry in sandbox.ledger)


@pytest.mark.promise("P11")
@pytest.mark.parametrize("made", [AsyncPayCombat, PayCombat, webhooks.MemoryInbox])
def test_a_store_of_an_earlier_release_is_refused_at_once(made: Any) -> None:
    """One of the user's own that lacks a method since an upgrade: not at the first crash, when it is needed."""
    credentials = {} if made is webhooks.MemoryInbox else {"token": "snd_t", "signature_key": "snd_k"}
    earlier = type("Earlier", (), {"begin": MemoryIntents.begin, "settle": MemoryIntents.settle, "sending": None})

    with pytest.raises(ConfigurationError, match=r"^the intents store Earlier lacks find, unresolved, sending, recent"):
        made(intents=earlier(), **credentials)
    assert {*intent._METHODS, "account"} == {name for name in vars(Intents) if not name.startswith("_")}


@pytest.mark.promise("P11")
@pytest.mark.parametrize("wrong", ["payments.db", Path("payments.db"), SqliteIntents], ids=["text", "path", "class"])
@pytest.mark.parametrize("made", [AsyncPayCombat, PayCombat, webhooks.MemoryInbox])
def test_what_is_no_store_is_refused_at_once(made: Any, wrong: Any) -> None:
    """Not at the first payout."""
    credentials = {} if made is webhooks.MemoryInbox else {"token": "snd_t", "signature_key": "snd_k"}

    with pytest.raises(
        ConfigurationError, match=r'intents= takes a store, such as SqliteIntents\("payments.db"\), not '
    ):
        made(intents=wrong, **credentials)
