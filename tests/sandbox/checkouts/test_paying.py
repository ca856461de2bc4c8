"""A checkout is paid as its customer would pay it: by hand, with all the rest, or after a time."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from paycombat_async import webhooks
from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox import Movement, Sandbox
from tests.processes import PATIENCE_S
from tests.sandbox.caller import Caller, StandingClock
from tests.sandbox.checkouts.shopper import DETAILED, KDB, choose, created, retrieve
from tests.sandbox.deliveries.receiver import Receiver, receiving
from tests.sandbox.money import create_payin, made, retrieve_payin


@pytest.fixture(name="receiver")
async def _receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def payin_of(caller: Caller, payin_id: str) -> dict[str, object]:
    data: dict[str, object] = (await retrieve_payin(caller, payin_id)).body["data"]
    return data


async def test_a_paid_checkout_makes_a_payin_that_succeeds(caller: Caller) -> None:
    """Of the amount and currency of the checkout, found by its id, booked once; the checkout's page stays as it is."""
    checkout = await created(caller, amount=12.5)
    before = caller.sandbox.balance("AUD")

    payin_id = caller.sandbox.pay(checkout["id"])

    payin = await payin_of(caller, payin_id)
    assert {
        "status": "SUCCESS",
        "amount": 12.5,
        "amount_type": "AUD",
        "payment_method": "au_bank_npp",
        "order_reference": checkout["id"],
    }.items() <= payin.items()
    assert 12.5 == caller.sandbox.balance("AUD") - before
    assert [Movement.PAYIN] == [entry.movement for entry in caller.sandbox.ledger if entry.id]
    after = await retrieve(caller, checkout["id"])
    assert DETAILED == list(after)
    assert "au_bank_npp" == after["payin_method_name"]


async def test_it_is_paid_once(caller: Caller) -> None:
    """A second payment is refused, and nothing is booked twice."""
    checkout = await created(caller)
    caller.sandbox.pay(checkout["id"])

    with pytest.raises(ConfigurationError, match="pay: this checkout has been paid"):
        caller.sandbox.pay(checkout["id"])

    assert [] == caller.sandbox.settle_all()
    assert 1 == sum(entry.movement is Movement.PAYIN for entry in caller.sandbox.ledger)


async def test_the_method_is_the_one_that_was_chosen(caller: Caller) -> None:
    """Unless another one is named."""
    first, second = [await created(caller, currency="KRW", amount=5000) for _ in range(2)]
    for checkout in (first, second):
        await choose(caller, checkout["checkout_token"], "신한은행")

    by_choice = caller.sandbox.pay(first["id"])
    by_name = caller.sandbox.pay(second["id"], KDB)

    assert "신한은행" == (await payin_of(caller, by_choice))["payment_method"]
    assert KDB == (await payin_of(caller, by_name))["payment_method"]


async def test_the_merchant_hears_of_it_at_the_checkouts_own_url(caller: Caller, receiver: Receiver) -> None:
    """Or, where the checkout names none, at the sandbox's."""
    own = await created(caller, webhook_url=f"{receiver.base_url}/own")
    usual = await created(caller)
    caller.sandbox.webhook_url = receiver.url

    for checkout in (own, usual):
        caller.sandbox.pay(checkout["id"])
        await caller.sandbox.drain()

    assert ["/own", "/hook"] == [received.path for received in receiver.received]
    assert all(isinstance(received.event, webhooks.PayinSucceeded) for received in receiver.received)
    references = [json.loads(received.body)["order_reference"] for received in receiver.received]
    assert [own["id"], usual["id"]] == references


async def test_what_cannot_be_paid_is_refused(caller: Caller, clock: StandingClock) -> None:
    """With the reason; nothing is booked, and the checkout stays as it was."""
    aud, php = await created(caller), await created(caller, currency="PHP")
    before = await retrieve(caller, aud["id"])

    for checkout_id, method, words in (
        ("nobody", None, "no checkout with this id"),
        (aud["id"], "eu_bank_sct_eur", "not for AUD"),
        (php["id"], None, "no payin method fits"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            caller.sandbox.pay(checkout_id, method)
    clock.seconds += 200_000
    with pytest.raises(ConfigurationError, match="expired"):
        caller.sandbox.pay(aud["id"])

    assert before == await retrieve(caller, aud["id"])
    assert 0 == len(caller.sandbox.ledger)


async def test_settling_all_pays_the_open_checkouts(caller: Caller) -> None:
    """Beside what is pending; one that nobody can pay is passed over."""
    payin = made(await create_payin(caller))["id"]
    checkout, _ = await created(caller), await created(caller, currency="PHP")

    moved = caller.sandbox.settle_all()

    assert payin == moved[0]
    assert [checkout["id"]] == [(await payin_of(caller, paid))["order_reference"] for paid in moved[1:]]


async def test_checkouts_are_paid_after_a_time(tmp_path: Path) -> None:
    """With `settle_after`; also those that a file holds from before, and none of them twice."""
    async with Sandbox(db=tmp_path / "db") as sandbox, aiohttp.ClientSession() as session:
        early = await created(Caller(sandbox, session))

    async with Sandbox(db=tmp_path / "db", settle_after=0) as sandbox, aiohttp.ClientSession() as session:
        caller = Caller(sandbox, session)
        late = await created(caller)
        async with asyncio.timeout(PATIENCE_S):
            while len(sandbox.ledger) < 3:  # the opening balance, and two payins
                await retrieve(caller, late["id"])
        references = [entry.reference for entry in sandbox.ledger if entry.id]

    assert sorted([early["id"], late["id"]]) == sorted(map(str, references))
    async with Sandbox(db=tmp_path / "db", settle_after=0) as again:
        assert [] == again.settle_all()
