"""One client and one store, shared by event loops, threads and forked processes: each reference is sent once."""

import asyncio
import contextlib
import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from paycombat_async import AsyncPayCombat, ConfigurationError, Draft, IntentInProgress, Outcome, RawReply
from paycombat_async.intents import Intents, MemoryIntents, SqliteIntents
from paycombat_async.sandbox import Sandbox
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.chaos.matrix_cells import PAYEE, credentials
from tests.intents.stores import Place
from tests.processes import PATIENCE_S

pytestmark = pytest.mark.promise("P8", "P13")

LOOPS, REFERENCES = 4, 25
CREDENTIALS = {"token": "snd_t", "signature_key": "snd_k", "base_url": "http://127.0.0.1:1"}


class Counting:
    """A transport that pays everything, and counts what it has sent by reference."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self._lock = threading.Lock()

    async def send(self, draft: Draft, timeout: float) -> RawReply:
        order: str = msgspec.json.decode(draft.body or b"")["order_id"]
        with self._lock:
            self.sent[order] += 1
        await asyncio.sleep(0)
        return RawReply(200, {}, b'{"status":true,"data":{"id":"payout_1","order_id":"%s"}}' % order.encode())


async def pay_all(client: AsyncPayCombat) -> None:
    calls = (client.payouts.create(payout(order_id=f"order-{number}")) for number in range(REFERENCES))
    for result in await asyncio.gather(*calls, return_exceptions=True):
        assert not isinstance(result, BaseException) or isinstance(result, IntentInProgress), result


def pay_in_many_loops(store: Intents) -> Counter[str]:
    """Each thread has a loop of its own; all share one client."""
    transport = Counting()
    client = AsyncPayCombat(**CREDENTIALS, transport=transport, intents=store)

    def pay() -> None:
        for _ in range(2):  # one loop after the other
            asyncio.run(pay_all(client))

    with ThreadPoolExecutor(LOOPS) as threads:
        for done in [threads.submit(pay) for _ in range(LOOPS)]:
            done.result(PATIENCE_S)
    return transport.sent


EACH_ONCE = {f"order-{number}": 1 for number in range(REFERENCES)}


def test_loops_share_a_store_in_memory() -> None:
    """At once and one after the other."""
    assert EACH_ONCE == pay_in_many_loops(MemoryIntents())


def test_loops_share_a_store_that_lasts(place: Place) -> None:
    """At once and one after the other, over connections of each loop's own."""

    async def open_and_leave() -> Any:
        async with place.store() as store:
            return store

    store = asyncio.run(open_and_leave())
    assert EACH_ONCE == pay_in_many_loops(store)
    asyncio.run(store.aclose())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forked_processes_share_a_store(tmp_path: Path) -> None:
    """As workers of a web server do that load the application first; children pay what their parent has begun."""
    store = SqliteIntents(tmp_path / "intents.db")
    with Sandbox() as sandbox:
        client = PayCombat(**credentials(sandbox), intents=store)
        orders = [payout(order_id=f"order-{number}", payout_beneficiary_param=PAYEE) for number in range(6)]
        for order in orders[:2]:
            client.payouts.create(order)
        children = []
        for _ in range(3):
            if (child := os.fork()) == 0:
                _pay_and_exit(client, orders)
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        for order in orders:
            client.payouts.create(order)
        client.close()
        paid = Counter(entry.reference for entry in sandbox.ledger if entry.reference)
    asyncio.run(store.aclose())

    assert [0, 0, 0] == codes
    assert {order.order_id: 1 for order in orders} == paid


def _pay_and_exit(client: PayCombat, orders: list[Any]) -> NoReturn:
    code = 1
    try:
        for order in orders:
            with contextlib.suppress(IntentInProgress):
                client.payouts.create(order)
        code = 0
    finally:  # the child must not go on with the tests
        os._exit(code)


async def test_a_call_under_way_is_left_alone_by_reconcile_and_resolve(make_client, transport) -> None:
    """Neither lists it nor settles it while its lease lasts; afterwards its own answer still counts."""
    sent, answered = asyncio.Event(), asyncio.Event()

    class Slow(Counting):
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            if draft.method == "GET":
                return RawReply(200, {}, b'{"status":true,"data":[{"id":"payout_1","order_id":"order-1"}]}')
            sent.set()
            await answered.wait()
            return await super().send(draft, timeout)

    store = MemoryIntents()
    client = make_client(transport=Slow(), intents=store)
    task = asyncio.create_task(client.payouts.create(payout(order_id="order-1")))
    await sent.wait()

    report = await client.intents.reconcile()
    assert ((), (), ()) == (report.applied, report.ambiguous, report.unresolved)
    with pytest.raises(ConfigurationError, match="may be under way"):
        await client.intents.resolve("order-1", Outcome.REJECTED, by="Ana")
    answered.set()
    assert "payout_1" == (await task).id
    assert ["answer"] == [intent.evidence for intent in await store.find("order-1")]
