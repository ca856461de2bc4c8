"""Webhooks that are sent again by the control interface: once more, twice at once, and out of order."""

import pytest

from tests.sandbox.caller import Caller
from tests.sandbox.control.steering import Control
from tests.sandbox.deliveries.receiver import receiving
from tests.sandbox.money import create_payout, made


@pytest.fixture(name="control")
async def _control(caller: Caller) -> Control:
    return Control(caller.sandbox, caller.session)


async def test_a_webhook_is_sent_in_three_ways(caller: Caller, control: Control) -> None:
    """Each is a delivery with a number, and a time for each attempt; the bytes are the same."""
    async with receiving() as receiver:
        caller.sandbox.webhook_url = receiver.url
        payout = made(await create_payout(caller))
        for status in ("SUCCESS", "RETURNED"):
            caller.sandbox.settle(payout["id"], status)
        await caller.sandbox.drain()

        again = (await control.post("deliveries", {"again": 1, "drain": True}))["deliveries"]
        twice = (await control.post("deliveries", {"duplicate": 2, "drain": True}))["deliveries"]
        reversed_ = (await control.post("deliveries", {"out_of_order": 1, "drain": True}))["deliveries"]

    events = [each["event"].split()[1] for each in reversed_]
    assert ["SUCCESS", "RETURNED", "SUCCESS"] == events[: len(again)]
    assert ["RETURNED", "RETURNED"] == events[len(again) : len(twice)]
    assert ["RETURNED", "SUCCESS"] == events[len(twice) :]
    assert list(range(1, 8)) == [each["number"] for each in reversed_]
    assert {(1, 1)} == {(len(each["times"]), len(each["statuses"])) for each in reversed_}
    assert 2 == len({received.body for received in receiver.received})


async def test_a_duplicate_does_not_wait_for_the_first(caller: Caller, control: Control) -> None:
    """Both arrive before either is answered: that is how a race shows."""
    async with receiving() as receiver:
        caller.sandbox.webhook_url = receiver.url
        payout = made(await create_payout(caller))
        caller.sandbox.settle(payout["id"], "FAILED")
        await caller.sandbox.drain()
        receiver.gate.clear()
        await control.post("deliveries", {"duplicate": 1})
        await receiver.until(3)
        receiver.gate.set()
        await caller.sandbox.drain()

    assert [[200]] * 3 == [each.statuses for each in caller.sandbox.deliveries]


async def test_what_cannot_be_sent_again_is_refused(caller: Caller, control: Control) -> None:
    """An unknown number; and one webhook alone has no order. Nothing is changed then."""
    async with receiving() as receiver:
        caller.sandbox.webhook_url = receiver.url
        payout = made(await create_payout(caller))
        caller.sandbox.settle(payout["id"], "FAILED")
        await caller.sandbox.drain()

        for body in ({"again": 2}, {"duplicate": 2}, {"out_of_order": 2}, {"out_of_order": 1}):
            status, _ = await control.send("POST", "deliveries", {"webhook_url": ""} | body)
            assert (400, receiver.url) == (status, caller.sandbox.webhook_url)
    assert 1 == len(receiver.received)
