"""Webhooks of the sandbox: what they say, where they go, and what happens when nobody takes them."""

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from paycombat_async import webhooks
from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox import Deliveries, Delivery, Sandbox
from paycombat_async.sandbox.seconds import WEBHOOK_WAITS, seconds_in
from tests.sandbox.caller import Caller, StandingClock, compact
from tests.sandbox.deliveries.receiver import Receiver, receiving
from tests.sandbox.faults.gated_clock import GatedClock
from tests.sandbox.loop_watch import no_complaints
from tests.sandbox.money import (
    BENEFICIARY,
    PAYINS,
    PAYOUTS,
    create_account,
    create_payin,
    create_payout,
    made,
    simulate,
)

IN_PAYINS = [
    *("id", "merchant_id", "status", "amount", "original_amount", "amount_type", "transaction", "transaction_date"),
    *("payment_method", "order_reference", "customer_full_name", "reply_code", "brand", "currency", "credit_type"),
    *("payer_id", "recon_id", "order_reference_1", "order_reference_2", "platform_identifier", "trx_type"),
    *("customer_email", "customer_phone", "customer_personal_number", "fee_taken", "fee_expected", "charge_back"),
    *("rolling_serve", "retrieval", "is_black_list", "ip_address", "billing_address_country"),
    *("billing_address_city", "billing_address_zip_code", "billing_address", "bin", "is_3ds", "created_at"),
    *("updated_at", "deleted_at", "payment_date", "type"),
]
IN_PAYOUTS = [
    *("id", "merchant_id", "status", "wire_id", "order_id", "due_date", "last_action", "original_amount"),
    *("payee_name", "currency", "beneficiary", "beneficiary_bank", "beneficiary_account_number"),
    *("beneficiary_account_iban", "wire_origin", "conversion", "approval", "created_at", "updated_at"),
    *("approved_at", "denied_at", "pending_at", "type"),
]
IN_SUCCESSFUL_PAYOUTS = [*IN_PAYOUTS, "wire_amount", "fee_taken", "fee_expected"]


@pytest.fixture(name="receiver")
async def _receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture(name="telling")
async def _telling(receiver: Receiver, clock: StandingClock) -> AsyncIterator[Caller]:
    """A caller of a sandbox that sends all webhooks to the receiver."""
    sandbox = Sandbox(clock=clock, webhook_url=receiver.url, va_webhook_url=f"{receiver.base_url}/va")
    async with sandbox, aiohttp.ClientSession() as session:
        yield Caller(sandbox, session)


async def settle(caller: Caller, record_id: str, *statuses: str) -> None:
    for status in statuses:
        caller.sandbox.settle(record_id, status)
    await caller.sandbox.drain()


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("SUCCESS", webhooks.PayinSucceeded),
        ("FAILED", webhooks.PayinFailed),
        ("EXPIRED", webhooks.PayinExpired),
    ],
)
async def test_payins_are_told(telling: Caller, receiver: Receiver, status: str, event: type[Any]) -> None:
    """With every documented key, "" where nothing is known, and the amount as a number."""
    payin = made(
        await create_payin(telling, amount=Decimal("12.5"), order_reference="order-1", customer_full_name="김")
    )

    await simulate(telling, PAYINS, payin["id"], status)
    await telling.sandbox.drain()

    (received,) = receiver.received
    payload = json.loads(received.body)
    assert isinstance(received.event, event)
    assert ("/hook", "application/json") == (received.path, received.headers["Content-Type"])
    assert telling.signature(received.body) == received.headers["X-Signature"]
    assert compact(payload) == received.body
    assert list(payload) == IN_PAYINS
    assert {
        "id": payin["id"],
        "status": status,
        "amount": 12.5,
        "original_amount": 12.5,
        "amount_type": "AUD",
        "currency": "FIAT",
        "order_reference": "order-1",
        "customer_full_name": "김",
        "customer_personal_number": "",
        "ip_address": "",
        "is_3ds": "",
        "deleted_at": None,
        "payment_date": None,
        "type": "PAYIN",
    }.items() <= payload.items()


@pytest.mark.parametrize(
    ("statuses", "event", "keys", "approval"),
    [
        (["SUCCESS"], webhooks.PayoutSucceeded, IN_SUCCESSFUL_PAYOUTS, "APPROVED"),
        (["FAILED"], webhooks.PayoutFailed, IN_PAYOUTS, "FAILED"),
        (["SUCCESS", "RETURNED"], webhooks.PayoutReturned, IN_PAYOUTS, "APPROVED"),
    ],
    ids=["SUCCESS", "FAILED", "RETURNED"],
)
async def test_payouts_are_told(
    telling: Caller, receiver: Receiver, statuses: list[str], event: type[Any], keys: list[str], approval: str
) -> None:
    """With the documented keys, the amount as text, and no account number."""
    payout = made(await create_payout(telling, beneficiary_amount=Decimal("50.1"), order_id="order-1"))

    await settle(telling, payout["id"], *statuses)

    received = receiver.received[-1]
    payload = json.loads(received.body)
    assert len(statuses) == len(receiver.received)
    assert isinstance(received.event, event)
    assert keys == list(payload)
    assert {
        "id": payout["id"],
        "status": statuses[-1],
        "order_id": "order-1",
        "wire_id": payout["wire_id"],
        "original_amount": "50.1",
        "payee_name": "MaryMajor",
        "currency": "AUD",
        "beneficiary_account_number": None,
        "approval": approval,
        "created_at": "2025-11-24T16:00:00.250Z",
        "type": "PAYOUT",
    }.items() <= payload.items()
    assert payload.get("wire_amount", 50.1) == 50.1


@pytest.mark.parametrize("status", ["APPROVED", "FAILED"])
async def test_virtual_accounts_are_told_elsewhere(telling: Caller, receiver: Receiver, status: str) -> None:
    """Their callback has a URL of its own."""
    account = made(await create_account(telling))

    await settle(telling, account["id"], status)

    (received,) = receiver.received
    assert "/va" == received.path
    assert {"id": account["id"], "status": status} == json.loads(received.body)
    assert isinstance(received.event, webhooks.VirtualAccountRegistered)


async def test_a_payout_may_bring_its_own_url(telling: Caller, receiver: Receiver) -> None:
    """The payout's own `webhook_url` takes precedence over the sandbox's."""
    payout = made(await create_payout(telling, webhook_url=f"{receiver.base_url}/own?a=%20"))

    await settle(telling, payout["id"], "SUCCESS")

    assert ["/own"] == [received.path for received in receiver.received]


async def test_nothing_is_told_without_a_url(caller: Caller) -> None:
    """Without a URL no webhook is sent, nor while a payout is pending."""
    payout = made(await create_payout(caller))

    await settle(caller, payout["id"], "SUCCESS")

    assert len(caller.sandbox.deliveries) == 0


async def test_a_webhook_is_sent_until_it_is_taken(telling: Caller, receiver: Receiver, clock: StandingClock) -> None:
    """Any response but 2xx is retried after the clock's waits, and redirects are not followed."""
    receiver.statuses = [500, 302, 204]
    payout = made(await create_payout(telling))
    before = clock.seconds

    await settle(telling, payout["id"], "SUCCESS")

    delivery = telling.sandbox.deliveries.last
    assert ["/hook"] * 3 == [received.path for received in receiver.received]
    assert len({received.body for received in receiver.received}) == 1
    assert ([500, 302, 204], 3, True) == (delivery.statuses, delivery.attempts, delivery.is_delivered)
    assert pytest.approx(0.75) == clock.seconds - before
    assert ("PAYOUT SUCCESS", payout["id"], receiver.url) == (delivery.event, delivery.id, delivery.url)
    assert json.loads(delivery.body) == delivery.payload


async def test_a_webhook_is_given_up_in_the_end(clock: StandingClock) -> None:
    """A webhook to a closed port is dropped after the last attempt; the next webhook is still sent."""
    async with receiving() as receiver:
        closed = receiver.url
    sandbox = Sandbox(clock=clock, webhook_url=closed, webhook_waits=[1, 2, 3])
    async with sandbox, aiohttp.ClientSession() as session:
        payout = made(await create_payout(Caller(sandbox, session)))

        await settle(Caller(sandbox, session), payout["id"], "SUCCESS", "RETURNED")

    assert [[None] * 4] * 2 == [delivery.statuses for delivery in sandbox.deliveries]
    assert not any(delivery.is_delivered for delivery in sandbox.deliveries)


async def test_an_application_that_restarts_misses_no_webhook() -> None:
    """It is sent again for about a minute by default, and so outlives the restart."""
    clock = GatedClock()
    async with receiving() as receiver:
        down = receiver.url
    async with Sandbox(clock=clock, webhook_url=down) as sandbox, aiohttp.ClientSession() as session:
        payout = made(await create_payout(Caller(sandbox, session)))
        sandbox.settle(payout["id"], "SUCCESS")
        await clock.waiting(1)  # the first attempt has failed

        async with receiving(port=int(down.split(":")[2].split("/")[0])) as again:
            clock.open.set()
            await sandbox.drain()

    assert 45 <= sum(WEBHOOK_WAITS) <= 90
    assert [None, 200] == sandbox.deliveries.last.statuses
    assert payout["id"] == json.loads(again.received[0].body)["id"]


async def test_the_urls_can_be_set_while_it_runs(caller: Caller, receiver: Receiver) -> None:
    """The events from then on go there; those of a request that names a URL of its own do not."""
    sandbox = caller.sandbox
    early, late = [made(await create_payout(caller, order_id=name))["id"] for name in ("a", "b")]
    own = made(await create_payout(caller, order_id="c", webhook_url=f"{receiver.base_url}/own"))["id"]
    account = made(await create_account(caller))["id"]
    await settle(caller, early, "SUCCESS")

    sandbox.webhook_url, sandbox.va_webhook_url = receiver.url, f"{receiver.base_url}/va"
    for record_id, status in ((late, "SUCCESS"), (own, "SUCCESS"), (account, "APPROVED")):
        await settle(caller, record_id, status)
    sandbox.webhook_url = None
    await settle(caller, late, "RETURNED")

    assert (None, f"{receiver.base_url}/va") == (sandbox.webhook_url, sandbox.va_webhook_url)
    assert [("/hook", late), ("/own", own), ("/va", account)] == [
        (received.path, json.loads(received.body)["id"]) for received in receiver.received
    ]


@pytest.mark.parametrize("name", ["webhook_url", "va_webhook_url"])
def test_a_url_elsewhere_cannot_be_set_either(name: str) -> None:
    """The old one stays."""
    sandbox = Sandbox(webhook_url="http://localhost:1/x", va_webhook_url="http://localhost:1/x")

    with pytest.raises(ConfigurationError, match=name):
        setattr(sandbox, name, "https://example.com/x")

    assert "http://localhost:1/x" == getattr(sandbox, name)


async def test_webhooks_of_one_payout_keep_their_order(telling: Caller, receiver: Receiver) -> None:
    """The second one waits until the first is through, however often that is sent; others do not wait."""
    receiver.statuses = [500, 500]
    payout = made(await create_payout(telling))

    await settle(telling, payout["id"], "SUCCESS", "RETURNED")

    assert ["SUCCESS"] * 3 + ["RETURNED"] == [json.loads(received.body)["status"] for received in receiver.received]


async def test_webhooks_of_different_payouts_do_not_wait_for_each_other(telling: Caller, receiver: Receiver) -> None:
    """Each payout has its own queue."""
    receiver.gate.clear()
    ids = [made(await create_payout(telling, order_id=f"{number}"))["id"] for number in range(3)]
    for payout_id in ids:
        telling.sandbox.settle(payout_id, "SUCCESS")

    await receiver.until(3)

    receiver.gate.set()
    await telling.sandbox.drain()
    assert set(ids) == {json.loads(received.body)["id"] for received in receiver.received}


async def test_a_webhook_can_come_twice(telling: Caller, receiver: Receiver) -> None:
    """A duplicate is the same body and signature, recorded as two deliveries."""
    telling.sandbox.faults.script("webhooks", ["duplicate_webhook"])
    payout = made(await create_payout(telling))

    await settle(telling, payout["id"], "SUCCESS", "RETURNED")

    statuses = [json.loads(received.body)["status"] for received in receiver.received]
    assert ["SUCCESS", "SUCCESS", "RETURNED"] == statuses
    assert receiver.received[0].body == receiver.received[1].body
    assert [[200], [200], [200]] == [delivery.statuses for delivery in telling.sandbox.deliveries]


async def test_webhooks_can_come_out_of_order(telling: Caller, receiver: Receiver) -> None:
    """One is held back until the next one is through."""
    telling.sandbox.faults.script("webhooks", ["out_of_order_webhook"])
    receiver.statuses = [500]
    payout = made(await create_payout(telling))

    await settle(telling, payout["id"], "SUCCESS", "RETURNED")

    statuses = [json.loads(received.body)["status"] for received in receiver.received]
    assert ["RETURNED", "RETURNED", "SUCCESS"] == statuses


async def test_what_is_held_back_comes_after_any_other(telling: Caller, receiver: Receiver) -> None:
    """Also after one about something else, without anybody's draining."""
    telling.sandbox.faults.script("webhooks", ["out_of_order_webhook"])
    ids = [made(await create_payout(telling, order_id=f"{number}"))["id"] for number in range(2)]

    for payout_id in ids:
        telling.sandbox.settle(payout_id, "SUCCESS")

    await receiver.until(2)
    assert ids[::-1] == [json.loads(received.body)["id"] for received in receiver.received]


async def test_nothing_is_left_of_what_is_through(receiver: Receiver) -> None:
    """No task, no session, no error that nobody looks at, and no place in a queue."""
    with no_complaints():
        async with Sandbox(webhook_url=receiver.url) as sandbox, aiohttp.ClientSession() as session:
            payout = made(await create_payout(Caller(sandbox, session)))
            await settle(Caller(sandbox, session), payout["id"], "SUCCESS", "RETURNED")
            courier = sandbox._running.dispatcher

    assert {} == courier._latest
    assert courier._sender._session is not None
    assert courier._sender._session.closed
    assert 2 == len(receiver.received)


async def test_what_is_held_back_comes_in_the_end(telling: Caller, receiver: Receiver) -> None:
    """Where no other webhook follows, draining sends it."""
    telling.sandbox.faults.script("webhooks", ["out_of_order_webhook"])
    payout = made(await create_payout(telling))

    await settle(telling, payout["id"], "SUCCESS")

    assert len(receiver.received) == 1


async def test_it_stops_while_a_webhook_is_under_way(receiver: Receiver) -> None:
    """A merchant who does not answer does not hold it up, nor does a wait between two attempts."""
    clock = GatedClock()
    receiver.gate.clear()
    sandbox = Sandbox(clock=clock, webhook_url=receiver.url)
    async with aiohttp.ClientSession() as session:
        async with sandbox:
            caller = Caller(sandbox, session)
            dead = made(await create_payout(caller, webhook_url="http://127.0.0.1:1/"))
            slow = made(await create_payout(caller))
            sandbox.settle(dead["id"], "SUCCESS")
            sandbox.settle(slow["id"], "SUCCESS")
            await clock.waiting(1)
            await receiver.arrived.wait()
        left = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]  # a coroutine

    assert [0, 1] == sorted(delivery.attempts for delivery in sandbox.deliveries)
    assert [] == [name for name in left if name.startswith("Courier")]


async def test_a_sandbox_in_a_thread_can_be_drained_from_a_loop(receiver: Receiver) -> None:
    """As by an async test that has it as a fixture."""
    with Sandbox(webhook_url=receiver.url) as sandbox:
        async with aiohttp.ClientSession() as session:
            payout = made(await create_payout(Caller(sandbox, session)))
        sandbox.settle(payout["id"], "FAILED")

        await sandbox.drain()

    assert isinstance(receiver.received[0].event, webhooks.PayoutFailed)


async def test_blocking_code_can_drain(receiver: Receiver) -> None:
    """In a sandbox of its own thread; one that runs in a loop says what to use instead."""

    def use(sandbox: Sandbox, payout_id: str) -> None:
        sandbox.settle(payout_id, "SUCCESS")
        sandbox.drain_blocking()

    with Sandbox(webhook_url=receiver.url) as sandbox:
        async with aiohttp.ClientSession() as session:
            payout = made(await create_payout(Caller(sandbox, session)))
        await asyncio.to_thread(use, sandbox, payout["id"])
        arrived = len(receiver.received)
    async with Sandbox() as other:
        with pytest.raises(ConfigurationError, match="await"):
            other.drain_blocking()

    assert 1 == arrived


ELSEWHERE = [
    "https://example.com/hook",
    "http://192.168.0.1/",
    "http://0.0.0.0/",
    "http://127.0.0.1.example.com/",
    "http://localhost.example.com/",
    "http://127.0.0.1@example.com/",
    "http://example.com#@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "//127.0.0.1/",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "127.0.0.1",
    "http://",
    "http://[::1/",
    "http://127.0.0.1:99999/",
    "x",
]


@pytest.mark.parametrize("url", ELSEWHERE)
@pytest.mark.parametrize("name", ["webhook_url", "va_webhook_url"])
def test_other_machines_are_refused(name: str, url: str) -> None:
    """A test double posts to nobody else."""
    with pytest.raises(ConfigurationError, match=name):
        Sandbox(**{name: url})  # type: ignore[arg-type]  # one keyword of several


@pytest.mark.parametrize("url", ELSEWHERE)
async def test_payouts_that_bring_other_machines_are_refused(caller: Caller, url: str) -> None:
    """A payout with a webhook URL on another machine is refused with 400 and not created."""
    answer = await create_payout(caller, webhook_url=url, payout_beneficiary_param=BENEFICIARY)

    assert 400 == answer.status
    assert "$.webhook_url" in answer.message
    assert 0 == (await caller.send("GET", PAYOUTS)).body["data"]["total"]


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/x", "http://127.0.0.2/", "http://[::1]:8000/", "https://127.0.0.1"]
)
def test_this_machine_is_taken(url: str) -> None:
    """Webhook URLs may name this machine as localhost or by a loopback address."""
    Sandbox(webhook_url=url, va_webhook_url=url)


@pytest.mark.parametrize("wait", [-1, float("nan"), float("inf")])
def test_what_is_no_wait_is_refused(wait: float) -> None:
    """Negative and non-finite waits are refused, in `webhook_waits` and `settle_after`."""
    with pytest.raises(ConfigurationError, match="webhook_waits"):
        Sandbox(webhook_waits=[0, wait])
    with pytest.raises(ConfigurationError, match="settle_after"):
        Sandbox(settle_after=wait)


@pytest.mark.parametrize(("text", "waits"), [("", ()), ("0", (0,)), ("0.25, 1,30", (0.25, 1, 30))])
def test_waits_are_read_as_written(text: str, waits: tuple[float, ...]) -> None:
    """Seconds, separated by commas; none at all is possible."""
    assert waits == seconds_in(text)


@pytest.mark.parametrize("text", ["soon", "1,", ",", "1;2"])
def test_other_waits_are_refused_in_a_sentence(text: str) -> None:
    """One that shows how to write them."""
    with pytest.raises(ConfigurationError, match=r"separated by commas, like 0\.25,1,4"):
        seconds_in(text)


def test_deliveries_are_kept_in_bounds() -> None:
    """The latest ones, findable by event, until they are cleared; secrets and customers' data do not show."""
    deliveries = Deliveries(kept=3)
    for number, event in enumerate(["PAYIN SUCCESS", "PAYOUT FAILED", "PAYIN SUCCESS", "PAYOUT FAILED"]):
        deliveries.add(
            Delivery(
                event=event, id=f"{number}", url="", payload={"payee_name": "Mary"}, body=b"Mary", signature="ab12"
            )
        )

    ids = [delivery.id for delivery in deliveries]
    assert (["1", "2", "3"], "3", "1", 3) == (ids, deliveries.last.id, deliveries[0].id, len(deliveries))
    assert ["2"] == [delivery.id for delivery in deliveries.of("PAYIN SUCCESS")]
    assert "Mary" not in repr(deliveries.last)
    assert "ab12" not in repr(deliveries.last)
    deliveries.clear()
    assert 0 == len(deliveries)
