"""What the payin endpoints do, what each of their pages shows, and what they refuse."""

from decimal import Decimal
from typing import Any

import pytest

from paycombat_async import AsyncPayCombat
from paycombat_async.endpoints import CREATE_PAYIN, CREATE_VIRTUAL_ACCOUNT, RETRIEVE_PAYIN, SIMULATE_PAYIN
from paycombat_async.schemas.payins import CreatePayin, CreateVirtualAccount, SimulatePayin
from tests.sandbox.caller import CUSTOMER, NOW, Caller, StandingClock, compact
from tests.sandbox.money import (
    ACCOUNT,
    KDB,
    PAYIN,
    PAYINS,
    create_account,
    create_payin,
    create_payout,
    made,
    retrieve_payin,
    simulate,
)

ON_THE_PAGE = [
    *("id", "merchant_id", "status", "amount", "amount_type", "transaction", "transaction_date", "payment_method"),
    *("order_reference", "customer_full_name", "reply_code", "brand", "currency", "credit_type", "payer_id"),
    *("recon_id", "order_reference_1", "order_reference_2", "platform_identifier", "trx_type", "customer_email"),
    *("customer_phone", "customer_personal_number", "fee_taken", "fee_expected", "charge_back", "rolling_serve"),
    *("retrieval", "is_black_list", "ip_address", "billing_address_country", "billing_address_city"),
    *("billing_address_zip_code", "billing_address", "bin", "is_3ds", "bank_psp", "created_at", "updated_at"),
    *("deleted_at", "payment_date"),
]


async def test_a_payin_is_shown_as_on_the_page(caller: Caller) -> None:
    """The ISO currency as the type of the amount, FIAT as the currency, null for what is not known; no `status`."""
    created = made(await create_payin(caller, order_reference="order-1", customer_full_name="Mary Major"))

    answer = await retrieve_payin(caller, created["id"])

    payin = answer.body["data"]
    assert ["message", "data"] == list(answer.body)
    assert list(payin) == ON_THE_PAGE
    assert created == payin
    assert {
        "status": "PENDING",
        "amount": 12.5,
        "amount_type": "AUD",
        "currency": "FIAT",
        "credit_type": "PAYIN",
        "trx_type": "DIRECT_PAYIN",
        "payment_method": "au_bank_npp",
        "order_reference": "order-1",
        "customer_full_name": "Mary Major",
        "customer_email": None,
        "payer_id": None,
        "transaction_date": None,
        "is_black_list": 0,
        "rolling_serve": 0,
        "created_at": "2025-11-24T16:00:00.250Z",
        "deleted_at": None,
    }.items() <= payin.items()


@pytest.mark.parametrize(("status", "gained"), [("SUCCESS", "12.5"), ("FAILED", "0"), ("EXPIRED", "0")])
async def test_payins_move_forward(caller: Caller, clock: StandingClock, status: str, gained: str) -> None:
    """A success adds to the balance, once; anything further is a conflict."""
    payin = made(await create_payin(caller))
    clock.seconds = NOW + 60

    answer = await simulate(caller, PAYINS, payin["id"], status)
    again = await simulate(caller, PAYINS, payin["id"], status)

    found = (await retrieve_payin(caller, payin["id"])).body["data"]
    paid_at = "2025-11-24T16:01:00.250Z" if status == "SUCCESS" else None
    assert (200, 409) == (answer.status, again.status)
    assert (status, paid_at) == (found["status"], found["transaction_date"])
    assert found == answer.body["data"]
    assert Decimal(1_000_000) + Decimal(gained) == caller.sandbox.balance("AUD")


@pytest.mark.parametrize("to", ["PENDING", "RETURNED", "APPROVED", "success", "CREATED"])
async def test_payins_move_to_their_own_statuses_only(caller: Caller, to: str) -> None:
    """A payin cannot take a payout's status, or the status that it already has."""
    payin = made(await create_payin(caller))

    answer = await simulate(caller, PAYINS, payin["id"], to)

    assert (409, "CONFLICT") == (answer.status, answer.body["code"])
    assert "SUCCESS or FAILED or EXPIRED" in answer.message


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    **{f"no {name}": ({name: ...}, name) for name in PAYIN},
    "an unknown field": ({"memo": "x"}, "memo"),
    "zero": ({"amount": 0}, "$.amount"),
    "text": ({"amount": "12.5"}, "$.amount"),
    "below the method's amounts": ({"amount": 0.5}, "$.amount"),
    "above the method's amounts": ({"amount": 1_000_001}, "$.amount"),
    "an unknown method": ({"payin_method_name": "au_pigeon"}, "$.payin_method_name"),
    "the method's other currency": ({"currency": "EUR"}, "$.currency"),
    "a wrong parameter": ({"payin_method_param": {"payer_name": "x"}}, "$.payin_method_param.payer_name"),
    "a webhook elsewhere": ({"webhook_url": "http://192.0.2.1/"}, "$.webhook_url"),
}


@pytest.mark.parametrize(("fields", "named"), REFUSED.values(), ids=REFUSED.keys())
async def test_bad_payins_are_refused(caller: Caller, fields: dict[str, Any], named: str) -> None:
    """With 400 and the field's name."""
    answer = await create_payin(caller, **fields)

    assert (400, "BAD_REQUEST") == (answer.status, answer.body["code"])
    assert named in answer.message


async def test_the_upstreams_fields_are_taken(caller: Caller) -> None:
    """Fields of Finmo, the provider's upstream, are accepted as well."""
    texts = ("redirect_url", "payin_type", "receipt_email", "checkout_id", "description", "organization_reference_id")
    more = ("order_reference", "customer_full_name", "customer_email", "customer_phone")

    answer = await create_payin(
        caller,
        payin_method_param={"payer_name": "Mary Major"},
        advanced_redirect_url={"success": "https://example.com"},
        metadata={"a": 1},
        expire_at=1_764_000_000,
        webhook_url="http://localhost:9/hook",
        customer_id=CUSTOMER,
        **dict.fromkeys((*texts, *more), "x"),
    )

    assert answer.status == 201, answer.body


@pytest.mark.parametrize("field", ["customer_id", "payer_id"])
async def test_ids_of_nothing_are_refused(caller: Caller, field: str) -> None:
    """A payin belongs to a customer and to a virtual account that there are."""
    assert (await create_payin(caller, **{field: "nobody"})).status == 404


async def test_a_payin_is_no_payout(caller: Caller) -> None:
    """Each is found under its own paths only."""
    payin, payout = made(await create_payin(caller)), made(await create_payout(caller))

    assert (await retrieve_payin(caller, payout["id"])).status == 404
    assert (await simulate(caller, PAYINS, payout["id"], "SUCCESS")).status == 404
    assert (await simulate(caller, "/api/v1/payout", payin["id"], "SUCCESS")).status == 404


async def test_a_virtual_account_pays_once_it_is_approved(caller: Caller) -> None:
    """As the KRW guide says: open it, wait for the approval, name its id as the payer."""
    account = made(await create_account(caller, customer_id=CUSTOMER, amount=5000, country="KR", account_name="Kim"))
    korean = {"amount": 5000, "currency": "KRW", "payin_method_name": KDB, "payer_id": account["id"]}

    early = await create_payin(caller, **korean)
    approved = await simulate(caller, PAYINS, account["id"], "APPROVED")
    payin = made(await create_payin(caller, **korean))

    assert ["id"] == list(account)
    assert (422, "NOT_APPROVED") == (early.status, early.body["code"])
    assert {"id": account["id"], "status": "APPROVED"} == approved.body["data"]
    assert account["id"] == payin["payer_id"]


@pytest.mark.parametrize(
    ("fields", "status", "named"),
    [
        ({"payin_method_name": "au_bank_npp", "currency": "AUD"}, 400, "$.payin_method_name"),
        ({"currency": "AUD"}, 400, "$.currency"),
        ({"amount": -1}, 400, "$.amount"),
        ({"memo": "x"}, 400, "memo"),
        ({"customer_id": "nobody"}, 404, "customer"),
    ],
    ids=["method", "currency", "amount", "field", "customer"],
)
async def test_bad_virtual_accounts_are_refused(
    caller: Caller, fields: dict[str, Any], status: int, named: str
) -> None:
    """A virtual account needs a Korean bank and an existing customer."""
    answer = await create_account(caller, **fields)

    assert status == answer.status
    assert named in answer.message


async def test_the_client_understands_every_answer(caller: Caller) -> None:
    """All four calls. PENDING, which no page shows for a payin, is the one thing it does not know."""
    sandbox = caller.sandbox
    fields = PAYIN | {"amount": Decimal("12.50")}
    async with AsyncPayCombat(
        token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url, paths=sandbox.paths
    ) as client:
        account = await client.send(CREATE_VIRTUAL_ACCOUNT, CreateVirtualAccount(extra=ACCOUNT))
        created = await client.send(CREATE_PAYIN, CreatePayin(extra=fields))
        moved = await client.send(SIMULATE_PAYIN, SimulatePayin(extra={"id": created.data.id, "status": "SUCCESS"}))
        found = await client.send(RETRIEVE_PAYIN, None, id=created.data.id)

    assert (Decimal("12.5"), "AUD") == (created.data.amount, created.data.amount_type)
    assert ("SUCCESS", "FIAT") == (found.data.status, found.data.currency)
    assert [(), (), ()] == [reply.drift for reply in (account, moved, found)]
    assert {"$.data.status"} >= {drift.path for drift in created.drift}


async def test_the_upstreams_name_of_the_id_is_taken(caller: Caller) -> None:
    """`payin_id`, beside `id`."""
    payin = made(await create_payin(caller))

    await caller.send("PATCH", f"{PAYINS}/simulate", body=compact({"payin_id": payin["id"], "status": "EXPIRED"}))

    assert "EXPIRED" == (await retrieve_payin(caller, payin["id"])).body["data"]["status"]
