"""Recorded calls that are cancelled, late or cut: what was sent is not sent again, and what was not sent stays free."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from paycombat_async import (
    AsyncPayCombat,
    Call,
    ConnectFailed,
    Draft,
    Outcome,
    PayCombatError,
    RawReply,
    StoreFailed,
    TransportError,
)
from paycombat_async._engine import background, records
from paycombat_async.intents import Begun, IntentState, MemoryIntents, NewIntent, Settlement
from paycombat_async.testing import FakeClock, FakeTransport
from tests.calls import payout
from tests.processes import PATIENCE_S

pytestmark = pytest.mark.promise("P13", "P15")

PAID = RawReply(200, {}, b'{"status":true,"data":{"id":"payout_1","order_id":"order-1"}}')
REFUSED = RawReply(400, {}, b'{"status":false}')
BROKEN = RawReply(500, {}, b"{}")
ORDER = payout(order_id="order-1")
STEPS = 3  # of the loop, before and after the effect of each store method and of the send
MOST_STEPS = 60  # more than any call below takes


async def steps() -> None:
    for _ in range(STEPS):
        await asyncio.sleep(0)


class Stepping(MemoryIntents):
    """A store whose methods can be cancelled before and after they have written."""

    async def begin(self, new: NewIntent) -> Begun:
        await steps()
        begun = await super().begin(new)
        await steps()
        return begun

    async def settle(self, settlement: Settlement) -> bool:
        await steps()
        is_settled = await super().settle(settlement)
        await steps()
        return is_settled


class Sending:
    """A transport that can be cancelled before and after the request has left; `sent` counts those that have left."""

    def __init__(self, answer: RawReply | TransportError = PAID) -> None:
        self.sent = 0
        self.answer = answer

    async def send(self, draft: Draft, timeout: float) -> RawReply:
        try:
            await steps()
        except asyncio.CancelledError as cut:
            raise cut from ConnectFailed("nothing was sent")
        self.sent += 1
        await steps()
        if isinstance(self.answer, TransportError):
            self.sent -= self.answer.outcome is Outcome.NOT_SENT
            raise self.answer
        return self.answer


async def cancelled_after(client: AsyncPayCombat, count: int) -> Any:
    """What became of a call that was cancelled after so many steps of the loop; None if it was cancelled."""
    task = asyncio.create_task(client.payouts.create(ORDER))
    for _ in range(count):
        await asyncio.sleep(0)
    task.cancel()
    try:
        return await task
    except PayCombatError as error:
        return error
    except asyncio.CancelledError:
        return None


FINAL = {200: IntentState.APPLIED, 400: IntentState.REJECTED, 500: IntentState.UNKNOWN}


@pytest.mark.parametrize("answer", [PAID, REFUSED, BROKEN, ConnectFailed("refused")], ids=["200", "400", "500", "none"])
async def test_a_cancellation_at_any_step_loses_nothing(
    make_client: Callable[..., AsyncPayCombat], answer: Any
) -> None:
    """Each step in turn: the record agrees with what was sent, the hook is called once, and nothing is sent twice."""
    states: set[IntentState | None] = set()
    final = FINAL[answer.status] if isinstance(answer, RawReply) else IntentState.NOT_SENT
    for count in range(MOST_STEPS):
        store, transport, calls = Stepping(), Sending(answer), list[Call]()
        client = make_client(intents=store, transport=transport, on_call=calls.append, max_retries=0)
        result = await cancelled_after(client, count)
        await background.finished()
        found = await store.find("order-1")
        state = found[0].state if found else None
        states.add(state)

        if not transport.sent:
            assert state in {None, IntentState.NOT_SENT}, count
        elif result is not None:
            assert state is final, count
        else:
            assert state in {IntentState.UNKNOWN, final}, count
        outcomes = [call.outcome for call in calls]
        assert len(outcomes) == int(count > 0)  # a task that is cancelled before its first step never runs
        assert not transport.sent or Outcome.NOT_SENT not in outcomes

        may_pass = state in {None, IntentState.NOT_SENT, IntentState.REJECTED}
        transport.answer = PAID
        again = await asyncio.gather(client.payouts.create(ORDER), return_exceptions=True)
        assert transport.sent <= 1 + (state is IntentState.REJECTED)
        assert isinstance(again[0], PayCombatError) is (state is IntentState.UNKNOWN), (count, state, again)
        assert not may_pass or transport.sent
        await client.aclose()
    assert {None, IntentState.NOT_SENT} <= states
    assert isinstance(answer, TransportError) or {IntentState.UNKNOWN, final} <= states


async def test_a_cancellation_while_the_answer_is_recorded_keeps_it(make_client, caplog) -> None:
    """It is known that the payout was made, so the record says so, with the answer, and is written once."""
    written = asyncio.Event()

    class Slow(MemoryIntents):
        async def settle(self, settlement: Settlement) -> bool:
            written.set()
            await steps()
            return await super().settle(settlement)

    store = Slow()
    client = make_client(intents=store, transport=Sending())
    task = asyncio.create_task(client.payouts.create(ORDER))
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await client.aclose()

    [intent] = await store.find("order-1")
    assert (IntentState.APPLIED, PAID.body) == (intent.state, intent.answer)
    assert "too late" not in caplog.text


async def test_a_cancellation_while_a_refusal_is_recorded_is_reported(make_client, caplog) -> None:
    """The caller gets only the cancellation, so the log and its cause say what is known."""
    begun = asyncio.Event()

    class Slow(MemoryIntents):
        async def settle(self, settlement: Settlement) -> bool:
            begun.set()
            await steps()
            return await super().settle(settlement)

    store, calls = Slow(), list[Call]()
    client = make_client(intents=store, transport=Sending(BROKEN), on_call=calls.append, show_references=True)
    task = asyncio.create_task(client.payouts.create(ORDER))
    await begun.wait()
    task.cancel()
    with caplog.at_level(logging.WARNING, "paycombat"), pytest.raises(asyncio.CancelledError) as caught:
        await task
    await client.aclose()

    assert (Outcome.UNKNOWN, "order-1") == (caught.value.__cause__.outcome, caught.value.__cause__.reference)
    assert [("CancelledError", Outcome.UNKNOWN, "order-1")] == [(c.error, c.outcome, c.reference) for c in calls]
    assert "order-1" in caplog.text
    assert [IntentState.UNKNOWN] == [intent.state for intent in await store.find("order-1")]


@pytest.mark.promise("P4")
async def test_a_store_that_is_silent_ends_with_the_deadline(make_client) -> None:
    """Nothing is sent; if the store has written the record after all, the reference is free."""
    answered = asyncio.Event()

    class Silent(MemoryIntents):
        async def begin(self, new: NewIntent) -> Begun:
            await answered.wait()
            return await super().begin(new)

    store, transport = Silent(), Sending()
    client = make_client(intents=store, transport=transport, timeout=0.02)
    with pytest.raises(StoreFailed, match="before the deadline of the call; nothing was sent") as caught:
        await client.payouts.create(ORDER)
    answered.set()
    await client.aclose()

    assert (Outcome.NOT_SENT, 0) == (caught.value.outcome, transport.sent)
    assert [IntentState.NOT_SENT] == [intent.state for intent in await store.find("order-1")]


async def test_a_store_that_is_silent_afterwards_does_not_hold_the_answer_back(
    make_client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer is returned, log and hook say that it is not recorded yet, and closing waits until it is."""
    monkeypatch.setattr(records, "LEASE_MARGIN_S", 0.01)
    answered = asyncio.Event()

    class Silent(MemoryIntents):
        async def settle(self, settlement: Settlement) -> bool:
            await answered.wait()
            return await super().settle(settlement)

    store, calls = Silent(), list[Call]()
    client = make_client(intents=store, transport=Sending(), on_call=calls.append)
    made = await client.payouts.create(ORDER)
    assert ("payout_1", [False], True) == (made.id, [c.is_recorded for c in calls], "not recorded yet" in caplog.text)
    answered.set()
    await client.aclose()

    assert [IntentState.APPLIED] == [intent.state for intent in await store.find("order-1")]


@pytest.mark.parametrize("silent", ["begin", "settle"])
async def test_a_store_that_is_silent_for_ever_does_not_keep_a_client_open(
    make_client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, silent: str
) -> None:
    """A program that is told to stop must stop; the record becomes unknown when its lease is over."""
    monkeypatch.setattr(records, "LEASE_MARGIN_S", 0.01)
    monkeypatch.setattr(background, "LONGEST_S", 0.05)
    answered = asyncio.Event()

    class Silent(MemoryIntents):
        async def begin(self, new: NewIntent) -> Begun:
            await (answered.wait() if silent == "begin" else steps())
            return await super().begin(new)

        async def settle(self, settlement: Settlement) -> bool:
            await answered.wait()
            return await super().settle(settlement)

    client = make_client(intents=Silent(), transport=Sending(), timeout=0.05)
    await asyncio.gather(client.payouts.create(ORDER), return_exceptions=True)
    async with asyncio.timeout(PATIENCE_S):
        await client.aclose()

    assert "the intents store did not answer before the client was closed" in caplog.text
    answered.set()
    await background.finished()


@pytest.mark.parametrize("late", [10, 3600], ids=["at the deadline", "an hour"])
@pytest.mark.parametrize("clocks", ["both", "the wall's only"])
async def test_a_call_that_wakes_up_late_is_not_sent(make_client, clock: FakeClock, clocks: str, late: int) -> None:
    """A machine was suspended after the record was written: others have seen it as unknown, and may have resolved it.

    The monotonic clock of a machine that sleeps stands still.
    """
    awake = clock.time

    class Suspended(MemoryIntents):
        async def begin(self, new: NewIntent) -> Begun:
            begun = await super().begin(new)
            clock.time += late
            return begun

    if clocks != "both":
        clock.monotonic = lambda: awake
    store, transport = Suspended(clock=clock), FakeTransport()
    with pytest.raises(ConnectFailed, match="its time was over before it was sent") as caught:
        await make_client(intents=store, transport=transport, timeout=10).payouts.create(ORDER)

    assert (Outcome.NOT_SENT, 0, []) == (caught.value.outcome, caught.value.attempts, transport.drafts)
    assert [IntentState.NOT_SENT] == [intent.state for intent in await store.find("order-1")]


async def test_a_client_that_was_closed_meanwhile_sends_nothing(make_client) -> None:
    """Not even over a transport of the user's own, which stays open."""

    class Closing(MemoryIntents):
        async def begin(self, new: NewIntent) -> Begun:
            closing = asyncio.create_task(client.aclose())
            await asyncio.sleep(0)
            tasks.append(closing)
            return await super().begin(new)

    store, transport, tasks = Closing(), Sending(), list[asyncio.Task[None]]()
    client = make_client(intents=store, transport=transport)
    with pytest.raises(ConnectFailed):
        await client.payouts.create(ORDER)
    await tasks[0]

    assert 0 == transport.sent
    assert [IntentState.NOT_SENT] == [intent.state for intent in await store.find("order-1")]


async def test_a_given_reference_is_the_evidence(make_client, transport: FakeTransport) -> None:
    """An error and the hook name the reference under which the call is recorded, whatever the request calls itself."""
    calls: list[Call] = []
    client = make_client(intents=MemoryIntents(), on_call=calls.append, show_references=True)
    transport.answer(500, b"{}")
    with pytest.raises(PayCombatError) as caught:
        await client.request("POST", "/api/v1/new", body={"a": 1}, reference="thing-1")

    assert ("thing-1", ["thing-1"]) == (caught.value.reference, [call.reference for call in calls])
