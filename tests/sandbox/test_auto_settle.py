"""Settling payins, payouts and virtual accounts without a Simulate call: after a delay, or by `settle`."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox import Sandbox
from tests.processes import PATIENCE_S
from tests.sandbox.caller import Caller
from tests.sandbox.faults.gated_clock import GatedClock
from tests.sandbox.loop_watch import no_complaints
from tests.sandbox.money import (
    create_account,
    create_payin,
    create_payout,
    made,
    retrieve_payin,
    retrieve_payout,
)


async def until(caller: Caller, payout_id: str, status: str) -> None:
    """Ask until it stands there; each question lets the sandbox's loop go on."""
    async with asyncio.timeout(PATIENCE_S):
        while (await retrieve_payout(caller, payout_id)).body["data"]["status"] != status:
            pass


async def test_all_stay_as_they_are_by_default(caller: Caller) -> None:
    """Without `settle_after`, records stay pending."""
    payout, payin = made(await create_payout(caller)), made(await create_payin(caller))

    assert "PENDING" == (await retrieve_payout(caller, payout["id"])).body["data"]["status"]
    assert "PENDING" == (await retrieve_payin(caller, payin["id"])).body["data"]["status"]


async def test_all_come_to_a_good_end_after_a_time() -> None:
    """Each after its own time by the clock; what was moved before stays there."""
    clock = GatedClock()
    async with Sandbox(clock=clock, settle_after=30) as sandbox, aiohttp.ClientSession() as session:
        caller = Caller(sandbox, session)
        ids = [made(await create_payout(caller, order_id=f"{number}"))["id"] for number in range(2)]
        payin = made(await create_payin(caller))
        account = made(await create_account(caller))
        await clock.waiting(4)
        sandbox.settle(ids[0], "FAILED")
        early = (await retrieve_payout(caller, ids[1])).body["data"]["status"]

        clock.open.set()
        await until(caller, ids[1], "SUCCESS")

        assert "PENDING" == early
        assert "FAILED" == (await retrieve_payout(caller, ids[0])).body["data"]["status"]
        assert "SUCCESS" == (await retrieve_payin(caller, payin["id"])).body["data"]["status"]
        with pytest.raises(ConfigurationError, match="this virtual account is APPROVED"):
            sandbox.settle(account["id"], "APPROVED")


async def test_what_a_file_holds_as_pending_is_settled_too(tmp_path: Path) -> None:
    """Records that a database file holds as pending are settled after a restart."""
    async with Sandbox(db=tmp_path / "db") as sandbox, aiohttp.ClientSession() as session:
        payout = made(await create_payout(Caller(sandbox, session)))

    async with Sandbox(db=tmp_path / "db", settle_after=0) as again, aiohttp.ClientSession() as session:
        await until(Caller(again, session), payout["id"], "SUCCESS")


async def test_it_stops_while_something_is_to_be_settled() -> None:
    """Nothing waits for it, nothing is left of it."""
    clock = GatedClock()
    with no_complaints():
        async with Sandbox(clock=clock, settle_after=30) as sandbox, aiohttp.ClientSession() as session:
            made(await create_payout(Caller(sandbox, session)))
            await clock.waiting(1)


async def test_what_was_moved_meanwhile_is_left_alone() -> None:
    """A record that was already moved is skipped without an error in the log."""
    clock = GatedClock()
    with no_complaints():
        async with Sandbox(clock=clock, settle_after=30) as sandbox, aiohttp.ClientSession() as session:
            caller = Caller(sandbox, session)
            payout, other = [made(await create_payout(caller, order_id=name))["id"] for name in ("a", "b")]
            await clock.waiting(2)
            sandbox.settle(payout, "FAILED")
            clock.open.set()
            await until(caller, other, "SUCCESS")

            assert "FAILED" == (await retrieve_payout(caller, payout)).body["data"]["status"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("RETURNED", "this payout is PENDING; from there it moves to SUCCESS or FAILED"),
        ("success", "SUCCESS or FAILED"),
    ],
)
async def test_settling_by_hand_says_what_cannot_be(caller: Caller, status: str, words: str) -> None:
    """`settle` raises `ConfigurationError` for a forbidden transition and for an unknown id."""
    payout = made(await create_payout(caller))

    with pytest.raises(ConfigurationError, match=words):
        caller.sandbox.settle(payout["id"], status)
    with pytest.raises(ConfigurationError, match="no payin and no payout and no virtual account with this id"):
        caller.sandbox.settle("nobody", "SUCCESS")


async def test_all_that_is_pending_can_be_settled_at_once(caller: Caller) -> None:
    """Each comes to its good end; what has one already is left alone, and the ids say what was moved."""
    payout, done = [made(await create_payout(caller, order_id=name))["id"] for name in ("a", "b")]
    payin, account = made(await create_payin(caller))["id"], made(await create_account(caller))["id"]
    caller.sandbox.settle(done, "FAILED")

    moved = caller.sandbox.settle_all()

    assert [payout, payin, account] == moved
    assert "SUCCESS" == (await retrieve_payout(caller, payout)).body["data"]["status"]
    assert "SUCCESS" == (await retrieve_payin(caller, payin)).body["data"]["status"]
    assert "FAILED" == (await retrieve_payout(caller, done)).body["data"]["status"]
    assert [] == caller.sandbox.settle_all()
