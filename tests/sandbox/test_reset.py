"""`Sandbox.reset`: one sandbox for many tests, each of which finds it as it was at the start."""

import asyncio
from pathlib import Path

import aiohttp

from paycombat_async.sandbox import Fault, Faults, Sandbox
from tests.processes import PATIENCE_S
from tests.sandbox.caller import Caller
from tests.sandbox.deliveries.receiver import receiving
from tests.sandbox.faults.gated_clock import GatedClock
from tests.sandbox.money import create_payout, made, retrieve_payout


async def test_everything_is_as_at_the_start() -> None:
    """Records, money, customers, what was seen, faults, URLs and time."""
    faults = Faults(seed=3, rates={"html_502": 0.5})
    async with Sandbox(customers=2, examples=True, faults=faults, balances={"AUD": 80}) as sandbox:
        before = sandbox.customer_ids
        async with aiohttp.ClientSession() as session:
            caller = Caller(sandbox, session)
            sandbox.faults.calm()
            payout = made(await create_payout(caller))
            sandbox.faults.script("payouts.create", [Fault.HTML_502])
            sandbox.add_customers(["customer_new"])
            sandbox.webhook_url = "http://127.0.0.1:9/hook"
            sandbox.clock.advance(5000)

            sandbox.reset()

            assert before == sandbox.customer_ids
            assert (len(sandbox.arrivals), dict(sandbox.arrivals.counts)) == (0, {})
            assert (sandbox.balance("AUD"), len(sandbox.ledger)) == (80, 0)
            assert (sandbox.webhook_url, sandbox.clock.advanced) == (None, 0)
            assert (sandbox.faults.left, sandbox.faults.applied) == (0, [])
            drawn = [sandbox.faults.decide(arrival()) is not None for _ in range(20)]
            sandbox.faults.calm()
            assert (await retrieve_payout(caller, payout["id"])).status == 404
            assert made(await create_payout(caller))["id"] != payout["id"]
    again = Faults(seed=3, rates={"html_502": 0.5})
    assert drawn == [again.decide(arrival()) is not None for _ in range(20)]
    assert 0 < sum(drawn) < 20


def arrival():
    from paycombat_async.sandbox import Arrival

    return Arrival(operation="payouts.create", method="POST", path="/", headers={})


async def test_webhooks_of_before_are_dropped() -> None:
    """The next test must not get them: neither those that wait for another attempt nor those that are being sent."""
    async with (
        receiving() as receiver,
        Sandbox(webhook_url=receiver.url, webhook_waits=[600]) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        caller = Caller(sandbox, session)
        receiver.statuses = [500]
        for number in range(2):
            payout = made(await create_payout(caller, order_id=f"{number}"))
            sandbox.settle(payout["id"], "FAILED")
            await receiver.until(number + 1)
        sandbox.faults.script("webhooks", [Fault.OUT_OF_ORDER_WEBHOOK])
        sandbox.settle(made(await create_payout(caller))["id"], "FAILED")
        await asyncio.sleep(0)

        sandbox.reset()
        sandbox.clock.advance(600)
        await sandbox.drain()

        assert len(receiver.received) == 2
        assert len(sandbox.deliveries) == 0


async def test_settling_of_before_is_dropped() -> None:
    """A payout of the test before does not settle in the next one, and no task of it waits for that."""
    clock = GatedClock()
    async with Sandbox(settle_after=600, clock=clock) as sandbox, aiohttp.ClientSession() as session:
        made(await create_payout(Caller(sandbox, session)))
        await clock.waiting(1)
        [task] = [each for each in asyncio.all_tasks() if name_of(each) == "Settler._wait_and"]

        sandbox.reset()
        await asyncio.wait([task], timeout=PATIENCE_S)
        sandbox.clock.advance(600)
        await sandbox.drain()

        assert (task.cancelled(), len(sandbox.ledger)) == (True, 0)


def name_of(task: asyncio.Task[object]) -> str:
    """The name of the function that it runs."""
    return str(getattr(task.get_coro(), "__qualname__", ""))


async def test_a_sandbox_in_a_thread_and_one_with_a_file(tmp_path: Path) -> None:
    """The call returns when all is done; the file is emptied as well."""
    with Sandbox(db=tmp_path / "db") as sandbox:
        sandbox.add_customers(["customer_new"])
        await asyncio.to_thread(sandbox.reset)
        assert sandbox.customer_ids == []
    with Sandbox(db=tmp_path / "db") as sandbox:
        assert sandbox.customer_ids == []
