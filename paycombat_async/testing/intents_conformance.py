"""Checks of what every store of intents (`Intents`) must do. Run them on a store that you have written yourself.

An intent is the record of a call. The record is written before the call is sent. Each record has a lease, a time in
seconds. If a call has no result at the end of its lease, the record becomes UNKNOWN.

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    async def test_my_store(check):
        async with a_fresh_store() as store:
            await check(store)

Each check needs a new, empty store. The docstring of a check is the rule that the store must follow. If the store does
not follow it, the check raises `AssertionError`. The message names the check, quotes the rule, and says what was found.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from paycombat_async.errors import ConfigurationError, InvalidRequest
from paycombat_async.intents.intent import Begun, Intent, Intents, IntentState, NewIntent, Settlement
from paycombat_async.testing.rules import expect, expect_error, rule

Check: TypeAlias = Callable[[Intents], Awaitable[None]]

_LEASE_S: Final = 3600.0  # seconds; longer than any check takes, so that it does not end during a check


@rule
async def a_new_reference_may_be_sent(store: Intents) -> None:
    """`begin` of a new reference stores a SENDING record with the passed values, and returns `may_send` as true."""
    begun = await _begin(store)
    intent = begun.intent

    expect("may_send", begun.may_send, wanted=True)
    expect("the stored record", await _only(store), intent)
    expect("its account", intent.account, store.account)
    expect("its endpoint and reference", (intent.endpoint, intent.reference), ("payouts.create", "order-1"))
    expect("its state and attempt", (intent.state, intent.attempt), (IntentState.SENDING, 1))
    expect("its expected", intent.expected, {"currency": ("AUD",)})
    expect("its body_digest", intent.body_digest, "digest-1")
    expect("its settled_at, answer and object_id", (intent.settled_at, intent.answer, intent.object_id), (None,) * 3)


@rule
async def a_call_under_way_is_not_sent_again(store: Intents) -> None:
    """While a call is under way, `begin` with its reference returns `may_send` as false and the unchanged record."""
    first = await _begin(store)
    second = await _begin(store, digest="digest-2")

    expect("may_send of the second", second.may_send, wanted=False)
    expect("the record that the second returns", second.intent, first.intent)
    expect("the stored record", await _only(store), first.intent)


@rule
async def of_many_at_once_one_is_sent(store: Intents) -> None:
    """If 20 calls of `begin` with one reference run concurrently, only one of them returns `may_send` as true.

    All of them return a record with attempt number 1.
    """
    begun = await asyncio.gather(*(_begin(store) for _ in range(20)))

    expect("how many may send", [each.may_send for each in begun].count(True), 1)
    expect("the attempts", {each.intent.attempt for each in begun}, {1})


@rule
async def an_applied_call_keeps_its_answer(store: Intents) -> None:
    """After APPLIED, `begin` returns `may_send` as false and the record of the call.

    The record has the object id, the evidence and the answer that were passed to `settle`, and the time in
    `settled_at`.
    """
    await _begin(store)
    await _settles(store, IntentState.APPLIED, object_id="payout_1", answer=b"{}")
    again = await _begin(store)
    intent = again.intent

    expect("may_send", again.may_send, wanted=False)
    expect("the state", intent.state, IntentState.APPLIED)
    expect("the object_id and evidence", (intent.object_id, intent.evidence), ("payout_1", "answer"))
    expect("the answer", intent.answer, b"{}")
    expect("settled_at is set", intent.settled_at is not None, wanted=True)
    expect(
        "settled_at is before created_at", (intent.settled_at or intent.created_at) < intent.created_at, wanted=False
    )


@rule
async def a_refused_call_may_be_sent_again_with_another_body(store: Intents) -> None:
    """After REJECTED or NOT_SENT, `begin` allows the next attempt, even with another body.

    After APPLIED, `begin` allows no further attempt.
    """
    for attempt, state in enumerate((IntentState.REJECTED, IntentState.NOT_SENT, IntentState.APPLIED), 1):
        begun = await _begin(store, digest=f"digest-{attempt}")
        intent = begun.intent
        expect(f"may_send of attempt {attempt}", begun.may_send, wanted=True)
        expect("its attempt and body_digest", (intent.attempt, intent.body_digest), (attempt, f"digest-{attempt}"))
        expect("its settled_at and evidence", (intent.settled_at, intent.evidence), (None, None))
        await _settles(store, state, attempt=attempt)
    expect("may_send after APPLIED", (await _begin(store)).may_send, wanted=False)


@rule
async def a_late_result_settles_only_its_own_attempt(store: Intents) -> None:
    """`settle` for attempt 1 returns False and changes nothing while attempt 2 is under way."""
    await _begin(store)
    await _settles(store, IntentState.NOT_SENT)
    second = (await _begin(store)).intent

    await _ignores(store, IntentState.APPLIED, attempt=1)
    expect("the record of attempt 2", await _only(store), second)
    await _settles(store, IntentState.APPLIED, attempt=2)


@rule
async def a_final_state_stays(store: Intents) -> None:
    """After APPLIED, `settle` without an answer returns False for any new state, even APPLIED, and changes nothing."""
    await _begin(store)
    await _settles(store, IntentState.APPLIED, object_id="payout_1")
    settled = await _only(store)

    for state in (IntentState.UNKNOWN, IntentState.REJECTED, IntentState.APPLIED, IntentState.NOT_SENT):
        await _ignores(store, state, object_id="payout_2")
    expect("the record", await _only(store), settled)


@rule
async def an_answer_completes_a_record_that_was_settled_without_it(store: Intents) -> None:
    """After APPLIED without an answer, `settle` with the answer adds the answer and its object id.

    The evidence (how the outcome became known) stays unchanged. `settle` with a second answer returns False and changes
    nothing.
    """
    await _begin(store)
    await _settles(store, IntentState.APPLIED, evidence="Ana")
    settled = await _only(store)

    await _settles(store, IntentState.APPLIED, object_id="payout_1", answer=b"{}")
    completed = await _only(store)
    expect("the object_id and answer", (completed.object_id, completed.answer), ("payout_1", b"{}"))
    expect("the evidence", completed.evidence, "Ana")
    expect("settled_at", completed.settled_at, settled.settled_at)
    await _ignores(store, IntentState.APPLIED, object_id="payout_1", answer=b"[]")
    expect("the record after a second answer", await _only(store), completed)


@rule
async def an_answer_about_another_object_is_not_added(store: Intents) -> None:
    """After APPLIED with an object id, `settle` with an answer about another id returns False and changes nothing.

    An answer without an id, or with an empty id, is added.
    """
    await _begin(store)
    await _settles(store, IntentState.APPLIED, evidence="webhook", object_id="payout_1")
    settled = await _only(store)

    await _ignores(store, IntentState.APPLIED, object_id="payout_2", answer=b"{}")
    await _ignores(store, IntentState.REJECTED, object_id="payout_1", answer=b"{}")
    await _ignores(store, IntentState.APPLIED, attempt=2, object_id="payout_1", answer=b"{}")
    expect("the record", await _only(store), settled)
    await _settles(store, IntentState.APPLIED, object_id="", answer=b"{}")
    completed = await _only(store)
    expect("the object_id and answer", (completed.object_id, completed.answer), ("payout_1", b"{}"))


@rule
async def evidence_beats_a_refusal(store: Intents) -> None:
    """`settle` changes a REJECTED or NOT_SENT record of the same attempt to APPLIED.

    Such a call was carried out after all, as a webhook may show, and must not be sent again.
    """
    for attempt, state in enumerate((IntentState.REJECTED, IntentState.NOT_SENT), 1):
        await _begin(store)
        await _settles(store, state, attempt=attempt)
        for other in (IntentState.UNKNOWN, IntentState.REJECTED, IntentState.NOT_SENT):
            await _ignores(store, other, attempt=attempt)
        await _ignores(store, IntentState.APPLIED, attempt=attempt + 1)

    await _settles(store, IntentState.APPLIED, attempt=2, evidence="webhook", object_id="payout_1")
    begun = await _begin(store)
    expect("may_send", begun.may_send, wanted=False)
    expect("the state", begun.intent.state, IntentState.APPLIED)
    expect("the evidence and object_id", (begun.intent.evidence, begun.intent.object_id), ("webhook", "payout_1"))


@rule
async def an_unknown_call_is_listed_until_there_is_evidence(store: Intents) -> None:
    """A call with an UNKNOWN record may not be sent again. `unresolved` lists it until `settle` makes it APPLIED.

    If the record already has an object id, and the settlement has none, the object id stays.
    """
    await _begin(store)
    await _settles(store, IntentState.UNKNOWN, object_id="payout_1")

    expect("may_send", (await _begin(store)).may_send, wanted=False)
    expect("unresolved()", _references(await store.unresolved()), ["order-1"])
    expect("settled_at of an UNKNOWN record", (await _only(store)).settled_at, None)
    await _settles(store, IntentState.APPLIED, evidence="Ana")
    settled = await _only(store)
    expect("unresolved() after APPLIED", await store.unresolved(), [])
    expect("the evidence and object_id", (settled.evidence, settled.object_id), ("Ana", "payout_1"))


@rule
async def a_call_whose_lease_is_over_is_unknown(store: Intents) -> None:
    """When the lease of a SENDING record ends, the record becomes UNKNOWN.

    No new attempt may be sent, but `settle` still accepts a result.
    """
    expect("may_send", (await _begin(store, lease=0)).may_send, wanted=True)
    again = await _begin(store)
    expect("may_send after the lease", again.may_send, wanted=False)
    expect("the state after the lease", again.intent.state, IntentState.UNKNOWN)
    expect("the states in unresolved()", [each.state for each in await store.unresolved()], [IntentState.UNKNOWN])
    expect("unresolved(older_than=3600)", await store.unresolved(older_than=3600), [])
    await _settles(store, IntentState.REJECTED)
    expect("may_send after REJECTED", (await _begin(store)).may_send, wanted=True)


@rule
async def a_call_under_way_is_listed_as_sending(store: Intents) -> None:
    """Until its lease ends, a SENDING record is in `sending()` and not in `unresolved()`.

    `leased_until` of the record is the time at which the lease ends.
    """
    begun = await _begin(store)
    await _begin(store, reference="order-2")
    await _begin(store, reference="order-3", lease=0)

    expect("unresolved()", _references(await store.unresolved()), ["order-3"])
    expect("sending()", _references(await store.sending()), ["order-1", "order-2"])
    expect("sending(older_than=3600)", await store.sending(older_than=3600), [])
    until, created = begun.intent.leased_until, begun.intent.created_at
    expect("leased_until is set", until is not None, wanted=True)
    expect("the seconds of the lease", round(((until or created) - created).total_seconds()), round(_LEASE_S))
    expect("the record in sending()", (await store.sending())[0], begun.intent)
    await _settles(store, IntentState.UNKNOWN)
    expect("sending() after UNKNOWN", _references(await store.sending()), ["order-2"])
    expect("leased_until of UNKNOWN records", {each.leased_until for each in await store.unresolved()}, {None})


@rule
async def endpoints_are_kept_apart(store: Intents) -> None:
    """A payin and a payout with the same reference have two records, and each may be sent.

    `find` returns both records, in order of endpoint.
    """
    first, second = await _begin(store), await _begin(store, endpoint="payins.create")

    expect("may_send of both", (first.may_send, second.may_send), (True, True))
    endpoints = [intent.endpoint for intent in await store.find("order-1")]
    expect("the endpoints in find(), in order", endpoints, ["payins.create", "payouts.create"])
    expect("find() of another reference", await store.find("order-2"), [])


@rule
async def what_is_not_there_cannot_be_settled(store: Intents) -> None:
    """Without a record, `settle` returns False and raises nothing, because `forget` may have deleted the record."""
    await _ignores(store, IntentState.APPLIED)


@rule
async def only_settled_records_are_forgotten(store: Intents) -> None:
    """`forget` deletes only settled records that are old enough, and returns their number. Unresolved records stay."""
    await _begin(store)
    await _settles(store, IntentState.APPLIED)
    await _begin(store, reference="order-2")
    await _begin(store, reference="order-3", lease=0)

    expect("forget(days=1) of young records", await store.forget(days=1), 0)
    expect("forget(days=-1)", await store.forget(days=-1), 1)
    expect("find() of the forgotten record", await store.find("order-1"), [])
    expect("how many records of order-2 are left", len(await store.find("order-2")), 1)
    expect("how many records of order-3 are left", len(await store.find("order-3")), 1)


@rule
async def the_newest_come_first(store: Intents) -> None:
    """`recent` returns at most `limit` records in any state, the newest first."""
    await _begin(store)
    await _settles(store, IntentState.APPLIED)
    await _begin(store, reference="order-2", lease=0)
    await _begin(store, reference="order-3")

    newest = await store.recent(limit=10)
    expect("recent()", _references(newest), ["order-3", "order-2", "order-1"])
    states = [IntentState.SENDING, IntentState.UNKNOWN, IntentState.APPLIED]
    expect("the states in recent()", [intent.state for intent in newest], states)
    expect("recent(limit=2)", _references(await store.recent(limit=2)), ["order-3", "order-2"])


@rule
async def records_can_be_moved_to_another_account(store: Intents) -> None:
    """`move` moves all records of one account unchanged to another account, and returns their number.

    They can be moved back.
    """
    await _begin(store, lease=0)
    await _settles(store, IntentState.APPLIED, object_id="payout_1", answer=b"{}")
    await _begin(store, reference="order-2", lease=0)
    before = await store.recent(limit=10)

    expect("move()", await store.move(store.account, "another"), 2)
    expect("find() after the move", await store.find("order-1"), [])
    expect("unresolved() after the move", await store.unresolved(), [])
    expect("recent() after the move", await store.recent(limit=10), [])
    expect("move() of no record", await store.move(store.account, "another"), 0)
    expect("move() back", await store.move("another", store.account), 2)
    expect("recent() after the move back", await store.recent(limit=10), before)
    expect("may_send after the move back", (await _begin(store)).may_send, wanted=False)


@rule
async def a_collision_moves_nothing(store: Intents) -> None:
    """`move` moves nothing if both accounts have a record with the same endpoint and reference.

    `move` then raises `ConfigurationError`.
    """
    await _begin(store, digest="first", lease=0)
    await store.move(store.account, "another")
    await _begin(store, digest="second", lease=0)
    await _begin(store, reference="order-2", lease=0)

    for source, target in (("another", store.account), (store.account, "another")):
        await expect_error("move() of records that collide", store.move(source, target), ConfigurationError)
    expect("recent()", _references(await store.recent(limit=10)), ["order-2", "order-1"])
    expect("the body_digest", (await _only(store)).body_digest, "second")
    expect("move() of the other record", await store.move("another", "a third"), 1)


@rule
async def a_call_under_way_is_not_moved(store: Intents) -> None:
    """`move` raises `ConfigurationError` while a call is under way, and if the account names are equal or invalid."""
    await _begin(store)
    await _begin(store, reference="order-2", lease=0)

    for source, target in ((store.account, "another"), (store.account, store.account), ("", "a"), ("a", "a\0b")):
        await expect_error(f"move({source!r}, {target!r})", store.move(source, target), ConfigurationError)
    expect("how many records are left", len(await store.recent(limit=10)), 2)


@rule
async def references_are_text_as_it_is(store: Intents) -> None:
    """`begin` and `find` compare references exactly.

    `begin` raises `InvalidRequest` for a reference that cannot be stored. For such a reference, `find` returns no
    record, and raises nothing.
    """
    for reference in ("Order-1", "order-1", " order-1", "주문-1", "o'; DROP TABLE intent; --", "x" * 255, "%"):
        expect(f"may_send of {reference!r}", (await _begin(store, reference=reference)).may_send, wanted=True)
        expect(f"find({reference!r})", _references(await store.find(reference)), [reference])
    for reference in ("", " ", "x" * 256, "a\0b", "\ud83d"):
        await expect_error(f"begin() of {reference!r}", _begin(store, reference=reference), InvalidRequest)
        expect(f"find({reference!r})", await store.find(reference), [])


CHECKS: Final[tuple[Check, ...]] = (
    a_new_reference_may_be_sent,
    a_call_under_way_is_not_sent_again,
    of_many_at_once_one_is_sent,
    an_applied_call_keeps_its_answer,
    a_refused_call_may_be_sent_again_with_another_body,
    a_late_result_settles_only_its_own_attempt,
    a_final_state_stays,
    an_answer_completes_a_record_that_was_settled_without_it,
    an_answer_about_another_object_is_not_added,
    evidence_beats_a_refusal,
    an_unknown_call_is_listed_until_there_is_evidence,
    a_call_whose_lease_is_over_is_unknown,
    a_call_under_way_is_listed_as_sending,
    endpoints_are_kept_apart,
    what_is_not_there_cannot_be_settled,
    only_settled_records_are_forgotten,
    the_newest_come_first,
    records_can_be_moved_to_another_account,
    a_collision_moves_nothing,
    a_call_under_way_is_not_moved,
    references_are_text_as_it_is,
)


async def _begin(
    store: Intents,
    *,
    reference: str = "order-1",
    endpoint: str = "payouts.create",
    digest: str = "digest-1",
    lease: float = _LEASE_S,
) -> Begun:
    new = NewIntent(
        endpoint=endpoint,
        reference=reference,
        body_digest=digest,
        owner="conformance",
        lease=lease,
        expected={"currency": ("AUD",)},
    )
    return await store.begin(new)


async def _settles(store: Intents, state: IntentState, **values: Any) -> None:  # Any: passed on to `_settlement`
    expect(f"settle() as {state}", await store.settle(_settlement(state, **values)), wanted=True)


async def _ignores(store: Intents, state: IntentState, **values: Any) -> None:  # Any: passed on to `_settlement`
    expect(f"settle() as {state}", await store.settle(_settlement(state, **values)), wanted=False)


def _settlement(
    state: IntentState,
    *,
    attempt: int = 1,
    evidence: str = "answer",
    object_id: str | None = None,
    answer: bytes | None = None,
) -> Settlement:
    return Settlement(
        endpoint="payouts.create",
        reference="order-1",
        attempt=attempt,
        state=state,
        evidence=evidence,
        object_id=object_id,
        answer=answer,
    )


def _references(intents: list[Intent]) -> list[str]:
    return [intent.reference for intent in intents]


async def _only(store: Intents) -> Intent:
    found = await store.find("order-1")
    expect("how many records find() returns", len(found), 1)
    return found[0]
