"""Time that is moved by hand: expiry, automatic settling and webhook retries without a wait."""

import asyncio

import aiohttp
import pytest

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox import Sandbox, SandboxClock
from paycombat_sync import CreatePaymentRequest, PayCombat
from tests.processes import PATIENCE_S
from tests.sandbox.caller import NOW, Caller, StandingClock
from tests.sandbox.deliveries.receiver import receiving
from tests.sandbox.faults.gated_clock import GatedClock
from tests.sandbox.money import create_payout, made, retrieve_payout


def test_a_checkout_expires() -> None:
    """Two days later it cannot be paid any more; its default expiry is two days."""
    with Sandbox() as sandbox:
        with PayCombat(
            token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url, paths=sandbox.paths
        ) as paycombat:
            request = CreatePaymentRequest(extra={"amount": 20, "currency": "AUD"})
            first, second = (paycombat.checkouts.create(request) for _ in range(2))
        sandbox.clock.advance(172_799 - 60)
        sandbox.pay(first.id)
        sandbox.clock.advance(61)

        with pytest.raises(ConfigurationError, match="this checkout has expired"):
            sandbox.pay(second.id)


async def test_settling_and_its_webhook_come_at_once() -> None:
    """Nobody waits: the time until payouts settle, and the waits between attempts, are skipped."""
    async with (
        receiving() as receiver,
        Sandbox(settle_after=3600, webhook_waits=[600], webhook_url=receiver.url) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        receiver.statuses, failed = [500], asyncio.Event()
        sandbox.deliveries.on_failed = lambda _delivery, _wait: failed.set()
        caller = Caller(sandbox, session)
        payout = made(await create_payout(caller))
        sandbox.clock.advance(3599)
        before = (await retrieve_payout(caller, payout["id"])).body["data"]["status"]

        sandbox.clock.advance(1)
        await asyncio.wait_for(failed.wait(), PATIENCE_S)
        sandbox.clock.advance(600)
        await sandbox.drain()

    assert "PENDING" == before
    assert [500, 200] == sandbox.deliveries.last.statuses


def test_drain_includes_what_has_become_due() -> None:
    """In a thread of its own, too, where the call returns before the loop has done anything."""
    with Sandbox(settle_after=3600) as sandbox:
        with PayCombat(
            token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url, paths=sandbox.paths
        ) as paycombat:
            request = CreatePaymentRequest(extra={"amount": 20, "currency": "AUD"})
            paycombat.checkouts.create(request)
        sandbox.clock.advance(3600)
        sandbox.drain_blocking()

        assert sandbox.balance("AUD") == 1_000_020


async def test_drain_includes_the_webhooks_of_what_has_become_due() -> None:
    """Although the event loop has had no turn since the time was moved."""
    async with (
        receiving() as receiver,
        Sandbox(settle_after=3600, webhook_url=receiver.url) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        made(await create_payout(Caller(sandbox, session)))
        sandbox.clock.advance(3600)
        await sandbox.drain()

        assert ["PAYOUT SUCCESS"] == [delivery.event for delivery in sandbox.deliveries]


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e12])
def test_time_does_not_run_backwards(seconds: float) -> None:
    """Nor to where no date can be written."""
    with pytest.raises(ConfigurationError, match="from 0 to 100 years"):
        SandboxClock(StandingClock()).advance(seconds)


async def test_a_sleep_that_is_not_over_goes_on() -> None:
    """Steps add up; the one that reaches its end wakes it."""
    base = GatedClock()
    clock = SandboxClock(base)
    sleeping = asyncio.create_task(clock.sleep(100))
    await base.waiting(1)
    clock.advance(60)
    await base.waiting(1)  # for the rest
    was_done = sleeping.done()

    clock.advance(40)
    await asyncio.wait_for(sleeping, PATIENCE_S)

    assert not was_done
    assert (clock.now(), clock.monotonic(), clock.advanced) == (NOW + 100, NOW + 100, 100)


async def test_a_cancelled_sleep_leaves_nothing() -> None:
    """Neither a task nor somebody to wait for."""
    base = GatedClock()
    clock = SandboxClock(base)
    sleeping = asyncio.create_task(clock.sleep(100))
    await base.waiting(1)

    sleeping.cancel()
    await asyncio.wait([sleeping])
    clock.advance(100)
    await clock.caught_up()
    await asyncio.sleep(0)

    assert sleeping.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}
