"""A webhook that arrives before the answer of its own call: neither takes the other's place."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from paycombat_async import AnswerNotKept, AsyncPayCombat, Call, Draft, Outcome, PayCombatError, RawReply, TimedOut
from paycombat_async.endpoints import CREATE_PAYOUT
from paycombat_async.intents import Intent, IntentState, MemoryIntents, NewIntent, Settlement, SqliteIntents
from paycombat_async.sandbox import Sandbox
from paycombat_async.testing import FakeTransport
from paycombat_async.transport import AiohttpTransport
from paycombat_async.webhooks import MemoryInbox, Receipt, read
from tests.calls import payout
from tests.chaos.matrix_cells import PAYEE
from tests.postgres_server import PostgresServer, postgres_intents
from tests.sandbox.deliveries.receiver import receiving

pytestmark = pytest.mark.promise("P13")

ORDER = payout(order_id="order-1", payout_beneficiary_param=PAYEE)
PAID = b'{"status":true,"message":"OK","data":{"id":"payout_1","order_id":"order-1"}}'


@pytest.fixture(name="store", params=["memory", "sqlite", "postgres"])
async def _store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        async with postgres_intents(server.dsn) as store:
            yield store
        return
    made = MemoryIntents() if request.param == "memory" else SqliteIntents(tmp_path / "intents.db")
    yield made
    await made.aclose()


async def receive(store: Any, object_id: str = "payout_1") -> Receipt:
    event = {"id": object_id, "type": "PAYOUT", "status": "SUCCESS", "order_id": "order-1"}
    return await MemoryInbox(intents=store).receive(read(msgspec.json.encode(event)))


class Overtaken(FakeTransport):
    """Answers each call only after its webhook was received, or `meanwhile` has happened."""

    def __init__(self, meanwhile: Any) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    async def send(self, draft: Draft, timeout: float) -> RawReply:
        try:
            return await super().send(draft, timeout)
        finally:
            await self._meanwhile()


async def test_a_repeat_sends_nothing_though_the_webhook_came_first(store) -> None:
    """With the sandbox and its real webhook, which is received while the answer of the payout is on its way."""

    class Settling:
        """A transport that keeps each answer back until the webhook of its payout has been delivered."""

        def __init__(self) -> None:
            self.transport = AiohttpTransport(base_url=sandbox.base_url)

        async def send(self, draft: Draft, timeout: float) -> RawReply:
            reply = await self.transport.send(draft, timeout)
            sandbox.settle(msgspec.json.decode(reply.body)["data"]["id"], "SUCCESS")
            await sandbox.drain()
            receipts.extend([await MemoryInbox(intents=store).receive(each.event) for each in receiver.received])
            return reply

    receipts: list[Receipt] = []
    calls: list[Call] = []
    async with receiving() as receiver, Sandbox(webhook_url=receiver.url) as sandbox:
        transport: Any = Settling()
        async with AsyncPayCombat(
            token=sandbox.token,
            signature_key=sandbox.signature_key,
            base_url=sandbox.base_url,
            transport=transport,
            intents=store,
            on_call=calls.append,
        ) as client:
            made = await client.send(CREATE_PAYOUT, ORDER)
            [intent] = await client.intents.find("order-1")
            again = await client.send(CREATE_PAYOUT, ORDER)
        await transport.transport.aclose()
        requests = dict(sandbox.arrivals.counts)

    assert [Receipt.NEW] == receipts
    assert {"payouts.create": 1} == requests
    assert (made.data, True, 0) == (again.data, again.is_replayed, again.attempts)
    assert (IntentState.APPLIED, "webhook", made.data.id) == (intent.state, intent.evidence, intent.object_id)
    assert [True, None] == [call.is_recorded for call in calls]


async def test_a_person_who_was_right_does_not_keep_the_answer_out(store, make_client) -> None:
    """The person's name stays, and the repeat is answered from the record."""

    async def resolve() -> None:
        word = {"endpoint": "payouts.create", "reference": "order-1", "attempt": 1, "evidence": "Ana"}
        await store.settle(Settlement(**word, state=IntentState.APPLIED))

    transport = Overtaken(resolve)
    transport.answer(200, PAID)
    client = make_client(transport=transport, intents=store)
    made, again = [await client.send(CREATE_PAYOUT, ORDER) for _ in range(2)]

    [intent] = await store.find("order-1")
    assert (made.data, True) == (again.data, again.is_replayed)
    assert ("Ana", "payout_1", PAID) == (intent.evidence, intent.object_id, intent.answer)


async def test_an_answer_about_another_payout_than_the_webhook_is_not_recorded(store, make_client, caplog) -> None:
    """The caller gets it, the log and the hook say that it is not in the record, and its own webhook is a conflict."""
    calls: list[Call] = []
    transport = Overtaken(lambda: receive(store, "payout_2"))
    transport.answer(200, PAID)
    client = make_client(transport=transport, intents=store, on_call=calls.append)
    with caplog.at_level(logging.WARNING, "paycombat"):
        made = await client.payouts.create(ORDER)

    [intent] = await store.find("order-1")
    assert ("payout_1", "payout_2", None) == (made.id, intent.object_id, intent.answer)
    assert [False] == [call.is_recorded for call in calls]
    assert "does not fit its record, which stays as it is: payouts.create" in caplog.text
    assert await receive(store, "payout_1") is Receipt.CONFLICT


@pytest.mark.parametrize("end", ["silence", "400", "cancelled"])
async def test_what_the_webhook_proves_outlives_a_call_without_answer(store, make_client, end: str) -> None:
    """The repeat looks the payout up by the webhook's id; no answer is recorded that could be replayed."""
    taken = asyncio.Event()

    async def meanwhile() -> None:
        if not taken.is_set():
            taken.set()
            await receive(store)
            if end == "cancelled":
                await asyncio.Event().wait()

    transport = Overtaken(meanwhile)
    if end == "silence":
        transport.fail(TimedOut("silence"))
    else:
        transport.answer(400, b'{"status":false}')
    transport.answer(200, PAID)
    client = make_client(transport=transport, intents=store, base_url="http://127.0.0.1:1")
    task = asyncio.create_task(client.payouts.create(ORDER))
    await taken.wait()
    if end == "cancelled":
        while not (await store.find("order-1"))[0].settled_at:  # noqa: ASYNC110  # a database sets no event
            await asyncio.sleep(0)
        task.cancel()
    with pytest.raises((PayCombatError, asyncio.CancelledError)):
        await task

    again = await client.send(CREATE_PAYOUT, ORDER)

    [intent] = await store.find("order-1")
    assert (IntentState.APPLIED, "webhook", None) == (intent.state, intent.evidence, intent.answer)
    assert ("payout_1", True) == (again.data.id, again.is_replayed)
    assert ["POST", "GET"] == [draft.method for draft in transport.drafts]


@pytest.mark.parametrize("meanwhile", ["webhook", "move", "next attempt"])
async def test_an_answer_that_comes_after_the_lease(make_client, clock, caplog, meanwhile: str) -> None:
    """It completes what a webhook has settled; a record that was moved, or is of the next attempt, stays as it is."""
    store = MemoryIntents(clock=clock)

    async def long_after() -> None:
        clock.time += 3600
        if meanwhile == "webhook":
            await receive(store)
        elif meanwhile == "move":
            await store.move("default", "shop")
        else:
            await client.intents.resolve("order-1", Outcome.REJECTED, by="Ana")
            await store.begin(
                NewIntent(endpoint="payouts.create", reference="order-1", body_digest="d", owner="other", lease=60)
            )

    transport = Overtaken(long_after)
    transport.answer(200, PAID)
    calls: list[Call] = []
    client = make_client(transport=transport, intents=store, on_call=calls.append)
    made = await client.payouts.create(ORDER)

    [intent] = await (store.find("order-1") if meanwhile != "move" else moved_to(store, "shop"))
    wanted = {
        "webhook": (IntentState.APPLIED, 1, PAID),
        "move": (IntentState.UNKNOWN, 1, None),
        "next attempt": (IntentState.SENDING, 2, None),
    }
    assert wanted[meanwhile] == (intent.state, intent.attempt, intent.answer)
    assert ("payout_1", [meanwhile == "webhook"]) == (made.id, [call.is_recorded for call in calls])
    assert ("does not fit its record" in caplog.text) is (meanwhile != "webhook")


async def moved_to(store: MemoryIntents, account: str) -> list[Intent]:
    store.account = account
    return await store.find("order-1")


async def test_a_record_that_a_person_has_settled_has_nothing_to_replay(store, make_client) -> None:
    """Without an answer and an id, the repeat says that the call was carried out, and sends nothing."""
    transport = FakeTransport()
    transport.fail(TimedOut("silence"))
    client = make_client(transport=transport, intents=store)
    with pytest.raises(TimedOut):
        await client.payouts.create(ORDER)
    await client.intents.resolve("order-1", Outcome.APPLIED, by="Ana")

    with pytest.raises(AnswerNotKept):
        await client.payouts.create(ORDER)
    assert 1 == len(transport.drafts)
