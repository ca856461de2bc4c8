"""Checks of what every store of intents (`Intents`) must do. Run them on a store that you have written yourself.

An intent is the record of a call, which is written before the call is sent. After its lease, a time in seconds, a call
without a result counts as unknown.

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    async def test_my_store(check):
        async with a_fresh_store() as store:
            await check(store)

Each check needs a new, empty store, and raises `AssertionError` if the store does not do what
the check's docstring says.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from paycombat_async.errors import ConfigurationError, InvalidRequest
from paycombat_async.intents.intent import Begun, Intent, Intents, IntentState, NewIntent, Settlement

Check: TypeAlias = Callable[[Intents], Awaitable[None]]

_LEASE_S: Final = 3600.0  # longer than any check takes


async def a_new_reference_may_be_sent(store: Intents) -> None:
    """`begin` of a new reference stores a SENDING record with the passed values, and returns `may_send` as true."""
    begun = await _begin(store)

    assert begun.may_send
    assert begun.intent == (await _only(store))
    assert (begun.intent.state, begun.intent.attempt, begun.intent.account) == (IntentState.SENDING, 1, store.account)
    assert (begun.intent.expected, begun.intent.body_digest) == ({"currency": ("AUD",)}, "digest-1")
    assert (begun.intent.settled_at, begun.intent.answer, begun.intent.object_id) == (None, None, None)


async def a_call_under_way_is_not_sent_again(store: Intents) -> None:
    """While a call is under way, a second `begin` returns `may_send` as false and the first record, unchanged."""
    first = await _begin(store)
    second = await _begin(store, digest="digest-2")

    assert not second.may_send
    assert second.intent == first.intent


async def of_many_at_once_one_is_sent(store: Intents) -> None:
    """Of 20 concurrent calls of `begin` for one reference, exactly one may send; all return attempt 1."""
    begun = await asyncio.gather(*(_begin(store) for _ in range(20)))

    assert [each.may_send for each in begun].count(True) == 1
    assert {each.intent.attempt for each in begun} == {1}


async def an_applied_call_keeps_its_answer(store: Intents) -> None:
    """After APPLIED, `begin` returns `may_send` as false, and the record with object id, evidence, answer and time."""
    await _begin(store)
    assert await _settle(store, IntentState.APPLIED, object_id="payout_1", answer=b"{}")
    again = await _begin(store)

    assert not again.may_send
    intent = again.intent
    assert (intent.state, intent.object_id, intent.evidence) == (IntentState.APPLIED, "payout_1", "answer")
    assert intent.answer == b"{}"
    assert intent.settled_at is not None
    assert intent.settled_at >= intent.created_at


async def a_refused_call_may_be_sent_again_with_another_body(store: Intents) -> None:
    """After REJECTED or NOT_SENT, `begin` allows the next attempt, with another body. After APPLIED it does not."""
    for attempt, state in enumerate((IntentState.REJECTED, IntentState.NOT_SENT, IntentState.APPLIED), 1):
        begun = await _begin(store, digest=f"digest-{attempt}")
        assert begun.may_send
        assert (begun.intent.attempt, begun.intent.body_digest) == (attempt, f"digest-{attempt}")
        assert (begun.intent.settled_at, begun.intent.evidence) == (None, None)
        assert await _settle(store, state, attempt=attempt)
    assert not (await _begin(store)).may_send


async def a_late_result_settles_only_its_own_attempt(store: Intents) -> None:
    """`settle` for attempt 1 returns False and changes nothing while attempt 2 is under way."""
    await _begin(store)
    await _settle(store, IntentState.NOT_SENT)
    await _begin(store)

    assert not await _settle(store, IntentState.APPLIED, attempt=1)
    assert (await _only(store)).state is IntentState.SENDING
    assert await _settle(store, IntentState.APPLIED, attempt=2)


async def a_final_state_stays(store: Intents) -> None:
    """After APPLIED, `settle` with any state, even APPLIED, returns False and changes nothing."""
    await _begin(store)
    await _settle(store, IntentState.APPLIED, object_id="payout_1")

    for state in (IntentState.UNKNOWN, IntentState.REJECTED, IntentState.APPLIED, IntentState.NOT_SENT):
        assert not await _settle(store, state, object_id="payout_2")
    assert (await _only(store)).object_id == "payout_1"


async def an_answer_completes_a_record_that_was_settled_without_it(store: Intents) -> None:
    """After APPLIED without an answer, `settle` with the answer adds it and the object id; the evidence stays.

    A second answer is not recorded: `settle` returns False.
    """
    await _begin(store)
    await _settle(store, IntentState.APPLIED, evidence="Ana")
    settled = await _only(store)

    assert await _settle(store, IntentState.APPLIED, object_id="payout_1", answer=b"{}")
    completed = await _only(store)
    assert (completed.object_id, completed.answer) == ("payout_1", b"{}")
    assert (completed.evidence, completed.settled_at) == ("Ana", settled.settled_at)
    assert not await _settle(store, IntentState.APPLIED, object_id="payout_1", answer=b"[]")
    assert await _only(store) == completed


async def an_answer_about_another_object_is_not_added(store: Intents) -> None:
    """After APPLIED with an object id, `settle` with an answer that has another id returns False; nothing changes."""
    await _begin(store)
    await _settle(store, IntentState.APPLIED, evidence="webhook", object_id="payout_1")
    settled = await _only(store)

    for state, object_id in ((IntentState.APPLIED, "payout_2"), (IntentState.REJECTED, "payout_1")):
        assert not await _settle(store, state, object_id=object_id, answer=b"{}")
    assert not await _settle(store, IntentState.APPLIED, attempt=2, object_id="payout_1", answer=b"{}")
    assert await _only(store) == settled
    assert await _settle(store, IntentState.APPLIED, object_id="payout_1", answer=b"{}")
    assert (await _only(store)).answer == b"{}"


async def evidence_beats_a_refusal(store: Intents) -> None:
    """REJECTED and NOT_SENT become APPLIED by `settle` for the same attempt, so that the call is not sent again."""
    for attempt, state in enumerate((IntentState.REJECTED, IntentState.NOT_SENT), 1):
        await _begin(store)
        await _settle(store, state, attempt=attempt)
        for other in (IntentState.UNKNOWN, IntentState.REJECTED, IntentState.NOT_SENT):
            assert not await _settle(store, other, attempt=attempt)
        assert not await _settle(store, IntentState.APPLIED, attempt=attempt + 1)

    assert await _settle(store, IntentState.APPLIED, attempt=2, evidence="webhook", object_id="payout_1")
    begun = await _begin(store)
    assert (begun.may_send, begun.intent.state) == (False, IntentState.APPLIED)
    assert (begun.intent.evidence, begun.intent.object_id) == ("webhook", "payout_1")


async def an_unknown_call_is_listed_until_there_is_evidence(store: Intents) -> None:
    """The call of an UNKNOWN record may not be sent. `unresolved` lists the record until `settle` makes it APPLIED."""
    await _begin(store)
    await _settle(store, IntentState.UNKNOWN)

    assert not (await _begin(store)).may_send
    assert [intent.reference for intent in await store.unresolved()] == ["order-1"]
    assert (await _only(store)).settled_at is None
    assert await _settle(store, IntentState.APPLIED, evidence="list", object_id="payout_1")
    assert await store.unresolved() == []
    assert (await _only(store)).evidence == "list"


async def a_call_whose_lease_is_over_is_unknown(store: Intents) -> None:
    """After the end of its lease, a SENDING record becomes UNKNOWN.

    `begin` allows no new attempt then, but `settle` still accepts a result.
    """
    begun = await _begin(store, lease=0)

    assert begun.may_send
    again = await _begin(store)
    assert (again.may_send, again.intent.state) == (False, IntentState.UNKNOWN)
    assert [intent.state for intent in await store.unresolved()] == [IntentState.UNKNOWN]
    assert await store.unresolved(older_than=3600) == []
    assert await _settle(store, IntentState.REJECTED)
    assert (await _begin(store)).may_send


async def a_call_under_way_is_listed_as_sending(store: Intents) -> None:
    """A SENDING record whose lease is not over is in `sending()`, with the end of its lease, not in `unresolved()`."""
    begun = await _begin(store)
    await _begin(store, reference="order-2")
    await _begin(store, reference="order-3", lease=0)

    assert [intent.reference for intent in await store.unresolved()] == ["order-3"]
    assert [intent.reference for intent in await store.sending()] == ["order-1", "order-2"]
    assert await store.sending(older_than=3600) == []
    until = begun.intent.leased_until
    assert until is not None
    assert abs((until - begun.intent.created_at).total_seconds() - _LEASE_S) < 1
    assert (await store.sending())[0] == begun.intent
    await _settle(store, IntentState.UNKNOWN)
    assert [intent.reference for intent in await store.sending()] == ["order-2"]
    assert [intent.leased_until for intent in await store.unresolved()] == [None, None]


async def endpoints_are_kept_apart(store: Intents) -> None:
    """The same reference for a payin and for a payout gives two records, and each call may be sent."""
    first, second = await _begin(store), await _begin(store, endpoint="payins.create")

    assert first.may_send
    assert second.may_send
    assert [intent.endpoint for intent in await store.find("order-1")] == ["payins.create", "payouts.create"]
    assert await store.find("order-2") == []


async def what_is_not_there_cannot_be_settled(store: Intents) -> None:
    """`settle` returns False and does not raise if there is no record, because `forget` may have deleted it."""
    assert not await _settle(store, IntentState.APPLIED)


async def only_settled_records_are_forgotten(store: Intents) -> None:
    """`forget` deletes only settled records that are old enough, and returns how many. Unresolved records stay."""
    await _begin(store)
    await _settle(store, IntentState.APPLIED)
    await _begin(store, reference="order-2")
    await _begin(store, reference="order-3", lease=0)

    assert await store.forget(days=1) == 0
    assert await store.forget(days=-1) == 1
    assert await store.find("order-1") == []
    assert len(await store.find("order-2")) == len(await store.find("order-3")) == 1


async def the_newest_come_first(store: Intents) -> None:
    """`recent` returns at most `limit` records, in any state, the newest first."""
    await _begin(store)
    await _settle(store, IntentState.APPLIED)
    await _begin(store, reference="order-2", lease=0)
    await _begin(store, reference="order-3")

    newest = await store.recent(limit=10)
    assert [intent.reference for intent in newest] == ["order-3", "order-2", "order-1"]
    assert [intent.state for intent in newest] == [IntentState.SENDING, IntentState.UNKNOWN, IntentState.APPLIED]
    assert newest[:2] == await store.recent(limit=2)


async def records_can_be_moved_to_another_account(store: Intents) -> None:
    """`move` moves all records of one account to another, unchanged, and returns how many. They can be moved back."""
    await _begin(store, lease=0)
    await _begin(store, reference="order-2", lease=0)
    before = await store.recent(limit=10)

    assert await store.move(store.account, "another") == 2
    assert await store.find("order-1") == await store.unresolved() == await store.recent(limit=10) == []
    assert await store.move(store.account, "another") == 0
    assert await store.move("another", store.account) == 2
    assert await store.recent(limit=10) == before
    assert not (await _begin(store)).may_send


async def a_collision_moves_nothing(store: Intents) -> None:
    """`move` raises `ConfigurationError` and moves nothing if both accounts have a record of the same call."""
    await _begin(store, digest="first", lease=0)
    await store.move(store.account, "another")
    await _begin(store, digest="second", lease=0)
    await _begin(store, reference="order-2", lease=0)

    for source, target in (("another", store.account), (store.account, "another")):
        await _refuses(store.move(source, target))
    assert [intent.reference for intent in await store.recent(limit=10)] == ["order-2", "order-1"]
    assert (await _only(store)).body_digest == "second"
    assert await store.move("another", "a third") == 1


async def a_call_under_way_is_not_moved(store: Intents) -> None:
    """`move` raises `ConfigurationError` while a call is under way, and for account names that are equal or invalid."""
    await _begin(store)
    await _begin(store, reference="order-2", lease=0)

    for source, target in ((store.account, "another"), (store.account, store.account), ("", "a"), ("a", "a\0b")):
        await _refuses(store.move(source, target))
    assert len(await store.recent(limit=10)) == 2


async def references_are_text_as_it_is(store: Intents) -> None:
    """`begin` and `find` compare references exactly.

    `begin` raises `InvalidRequest` for a reference that is blank, too long, or has a NUL or half of a surrogate pair.
    """
    for reference in ("Order-1", "order-1", " order-1", "주문-1", "o'; DROP TABLE intent; --", "x" * 255, "%"):
        assert (await _begin(store, reference=reference)).may_send
        assert [intent.reference for intent in await store.find(reference)] == [reference]
    for reference in ("", " ", "x" * 256, "a\0b", "\ud83d"):
        try:
            await _begin(store, reference=reference)
        except InvalidRequest:
            continue
        raise AssertionError("a reference that cannot be stored was taken")


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


async def _settle(
    store: Intents,
    state: IntentState,
    *,
    attempt: int = 1,
    evidence: str = "answer",
    object_id: str | None = None,
    answer: bytes | None = None,
) -> bool:
    settlement = Settlement(
        endpoint="payouts.create",
        reference="order-1",
        attempt=attempt,
        state=state,
        evidence=evidence,
        object_id=object_id,
        answer=answer,
    )
    return await store.settle(settlement)


async def _refuses(move: Awaitable[int]) -> None:
    try:
        await move
    except ConfigurationError:
        return
    raise AssertionError("records were moved")


async def _only(store: Intents) -> Intent:
    (intent,) = await store.find("order-1")
    return intent
