"""What the payout endpoints do, what each of their pages shows, and what they refuse."""

import re
from decimal import Decimal
from typing import Any

import pytest

from paycombat_async import AsyncPayCombat
from paycombat_async.endpoints import CREATE_PAYOUT, LIST_PAYOUTS, RETRIEVE_PAYOUT, SIMULATE_PAYOUT
from paycombat_async.schemas.payouts import BeneficiaryCompany, CreatePayout, PayoutBeneficiary, SimulatePayout
from tests.sandbox.caller import NOW, Caller, StandingClock, compact
from tests.sandbox.money import BENEFICIARY, PAYOUT, PAYOUTS, create_payout, made, retrieve_payout, simulate

MADE_AT = "2025-11-24T16:00:00.250Z"
ON_THE_PAGE = [
    *("id", "payout_id_finmo", "merchant_id", "reply_code_id_pg", "status", "wire_id", "order_id", "due_date"),
    *("last_action", "wire_amount", "fee_taken", "fee_expected", "payee_name", "currency", "beneficiary"),
    *("beneficiary_bank", "beneficiary_account_number", "beneficiary_account_iban", "wire_origin", "conversion"),
    *("process", "approval", "created_at", "updated_at", "approved_at", "denied_at", "pending_at"),
]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def test_a_new_payout_is_answered_as_on_the_page(caller: Caller) -> None:
    """Its own fields in their order, glued names, the method's name as the bank, and no time of creation yet."""
    answer = await create_payout(caller, order_id="order-1")

    payout = answer.body["data"]
    assert (201, True, "Created") == (answer.status, answer.body["status"], answer.body["message"])
    assert list(payout) == ON_THE_PAGE
    assert UUID.fullmatch(payout["id"])
    assert re.fullmatch("payout_[0-9a-f]{32}", payout["payout_id_finmo"])
    assert re.fullmatch("w_txn_[0-9a-f]{32}", payout["wire_id"])
    assert {
        "status": "PENDING",
        "approval": "APPROVED",
        "order_id": "order-1",
        "wire_amount": 50,
        "fee_taken": 0,
        "payee_name": "MaryMajor",
        "currency": "AUD",
        "beneficiary": "",
        "beneficiary_bank": "au_bank_acct",
        "beneficiary_account_number": "1234567",
        "beneficiary_account_iban": None,
        "created_at": None,
        "updated_at": MADE_AT,
    }.items() <= payout.items()


async def test_a_payout_is_retrieved_with_the_time_of_its_creation(caller: Caller) -> None:
    """In all else it is as it was answered."""
    payout = made(await create_payout(caller))

    answer = await retrieve_payout(caller, payout["id"])

    assert (200, True, "Success retrieve payout") == (answer.status, answer.body["status"], answer.body["message"])
    assert payout | {"created_at": MADE_AT} == answer.body["data"]


async def test_payouts_are_listed_in_pages(caller: Caller) -> None:
    """In the order in which they were made, beside their total."""
    ids = [made(await create_payout(caller, order_id=f"{number}"))["id"] for number in range(5)]

    answer = await caller.send("GET", f"{PAYOUTS}?page=2&limit=2")

    assert ids[2:4] == [payout["id"] for payout in answer.body["data"]["data"]]
    assert answer.body["data"]["total"] == 5


async def test_a_company_is_paid_by_its_name(caller: Caller) -> None:
    """It has one name, so nothing is glued."""
    beneficiary = {"company": {"name": "Example Ltd"}, "account_number": "1234567", "bsb": "123456"}

    payout = made(await create_payout(caller, payout_beneficiary_param=beneficiary))

    assert payout["payee_name"] == "Example Ltd"


@pytest.mark.parametrize(("sent", "answered"), [(17, "17"), ("17", "17"), (..., None)], ids=["number", "text", "none"])
async def test_an_order_id_comes_back_as_text(caller: Caller, sent: object, answered: object) -> None:
    """Real client code sends numbers, too; a missing one is null."""
    assert answered == made(await create_payout(caller, order_id=sent))["order_id"]


@pytest.mark.parametrize("amount", ["0.1", "1234.56", "123456.789012345", "0.000001", "999999"])
async def test_amounts_are_exact(caller: Caller, amount: str) -> None:
    """Digit by digit, in the answer and in the balance."""
    exact = Decimal(amount)

    payout = made(await create_payout(caller, sender_amount=exact, beneficiary_amount=exact))

    assert float(amount) == payout["wire_amount"]
    assert Decimal(1_000_000) - exact == caller.sandbox.balance("AUD")


async def test_the_senders_side_is_what_the_balance_pays(caller: Caller) -> None:
    """The balance is debited by `sender_amount`, not by `beneficiary_amount`."""
    payout = made(await create_payout(caller, sender_amount=40, sender_currency="SGD", beneficiary_amount=45))

    assert (45, "AUD") == (payout["wire_amount"], payout["currency"])
    assert Decimal(999_960) == caller.sandbox.balance("SGD")
    assert Decimal(1_000_000) == caller.sandbox.balance("AUD")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    **{f"no {name}": ({name: ...}, name) for name in PAYOUT},
    "an unknown field": ({"memo": "x"}, "memo"),
    "extra": ({"extra": {}}, "extra"),
    "zero": ({"sender_amount": 0}, "$.sender_amount"),
    "zero paid": ({"beneficiary_amount": 0}, "$.beneficiary_amount"),
    "negative": ({"sender_amount": -1}, "$.sender_amount"),
    "text": ({"sender_amount": "50"}, "$.sender_amount"),
    "null": ({"sender_amount": None}, "$.sender_amount"),
    "too large": ({"sender_amount": 10**15}, "$.sender_amount"),
    "too exact": ({"sender_amount": 1234567890.123456}, "$.sender_amount"),
    "an unknown method": ({"payout_method_name": "au_pigeon"}, "$.payout_method_name"),
    "the method's other currency": ({"beneficiary_currency": "NZD"}, "$.beneficiary_currency"),
    "an unknown currency": ({"sender_currency": "ZZZ"}, "$.sender_currency"),
    "a small currency": ({"sender_currency": "aud"}, "$.sender_currency"),
    "a long country": ({"sender_country": "AUS"}, "$.sender_country"),
    "an empty order_id": ({"order_id": ""}, "$.order_id"),
    "nobody": ({"payout_beneficiary_param": {"account_number": "1234567", "bsb": "123456"}}, "individual"),
    "two": ({"payout_beneficiary_param": BENEFICIARY | {"company": {"name": "X"}}}, "individual"),
    "no bsb": ({"payout_beneficiary_param": BENEFICIARY | {"bsb": ""}}, "$.payout_beneficiary_param.bsb"),
    "a wrong bsb": ({"payout_beneficiary_param": BENEFICIARY | {"bsb": "12"}}, "$.payout_beneficiary_param.bsb"),
    "a number as account": (
        {"payout_beneficiary_param": BENEFICIARY | {"account_number": 1234567}},
        "$.payout_beneficiary_param.account_number",
    ),
    "no last name": (
        {"payout_beneficiary_param": BENEFICIARY | {"individual": {"first_name": "Mary"}}},
        "$.payout_beneficiary_param.individual.last_name",
    ),
    "an unknown part of a person": (
        {"payout_beneficiary_param": BENEFICIARY | {"individual": {"first_name": "Mary", "age": "7"}}},
        "$.payout_beneficiary_param.individual",
    ),
    "a webhook elsewhere": ({"webhook_url": "https://example.com/hook"}, "$.webhook_url"),
}


@pytest.mark.parametrize(("fields", "named"), REFUSED.values(), ids=REFUSED.keys())
async def test_bad_payouts_are_refused(caller: Caller, fields: dict[str, Any], named: str) -> None:
    """With 400 and the field's name; no money moves."""
    answer = await create_payout(caller, **fields)

    assert (400, "BAD_REQUEST") == (answer.status, answer.body["code"])
    assert named in answer.message
    assert list(caller.sandbox.ledger) == []


async def test_the_upstreams_fields_are_taken(caller: Caller) -> None:
    """All that the record holds possible, and keys of the beneficiary that a payout method may ask for."""
    texts = ("fx_rate_id", "debit_wallet_id", "fees_wallet_id", "organization_reference_id", "description")
    more = ("payout_beneficiary_id", "payout_sender_id", "receipt_email", "payout_reference")
    objects = ("payout_method_param", "payout_controls", "payout_sender_param", "metadata")

    answer = await create_payout(
        caller,
        beneficiary_country="AU",
        webhook_url="http://127.0.0.1:9/hook",
        payout_beneficiary_param=BENEFICIARY | {"bank_code": "7"},
        **dict.fromkeys((*texts, *more), "x"),
        **{name: {"a": 1} for name in objects},
    )

    assert answer.status == 201, answer.body


async def test_a_payout_beyond_the_balance_is_refused(caller: Caller) -> None:
    """With 422; nothing is made and nothing is booked."""
    answer = await create_payout(caller, sender_amount=1_000_000.01, beneficiary_amount=1_000_000.01)

    listed = await caller.send("GET", PAYOUTS)
    assert (422, "INSUFFICIENT_BALANCE") == (answer.status, answer.body["code"])
    assert listed.body["data"]["total"] == 0
    assert Decimal(1_000_000) == caller.sandbox.balance("AUD")


MOVES = {
    ("SUCCESS",): 999_950,
    ("FAILED",): 1_000_000,
    ("SUCCESS", "RETURNED"): 1_000_000,
}


@pytest.mark.parametrize(("statuses", "balance"), MOVES.items(), ids=["-".join(statuses) for statuses in MOVES])
async def test_payouts_move_forward(
    caller: Caller, clock: StandingClock, statuses: tuple[str, ...], balance: int
) -> None:
    """Each step is answered and kept, and money that did not arrive comes back."""
    payout = made(await create_payout(caller))
    for status in statuses:
        clock.seconds = NOW + 60
        answer = await simulate(caller, PAYOUTS, payout["id"], status)
        assert (200, status) == (answer.status, answer.body["data"]["status"])

    found = (await retrieve_payout(caller, payout["id"])).body["data"]

    approval = "FAILED" if statuses == ("FAILED",) else "APPROVED"
    assert (statuses[-1], approval, "2025-11-24T16:01:00.250Z") == (
        found["status"],
        found["approval"],
        found["updated_at"],
    )
    assert Decimal(balance) == caller.sandbox.balance("AUD")


@pytest.mark.parametrize(
    ("before", "to"),
    [
        ((), "PENDING"),
        ((), "RETURNED"),
        ((), "EXPIRED"),
        ((), "success"),
        (("SUCCESS",), "SUCCESS"),
        (("SUCCESS",), "FAILED"),
        (("SUCCESS",), "PENDING"),
        (("FAILED",), "SUCCESS"),
        (("FAILED",), "RETURNED"),
        (("SUCCESS", "RETURNED"), "RETURNED"),
        (("SUCCESS", "RETURNED"), "SUCCESS"),
    ],
    ids=lambda it: "-".join(it) if isinstance(it, tuple) else it,
)
async def test_payouts_never_move_back(caller: Caller, before: tuple[str, ...], to: str) -> None:
    """409, and neither the payout nor the balance changes."""
    payout = made(await create_payout(caller))
    for status in before:
        caller.sandbox.settle(payout["id"], status)
    balance = caller.sandbox.balance("AUD")

    answer = await simulate(caller, PAYOUTS, payout["id"], to)

    found = (await retrieve_payout(caller, payout["id"])).body["data"]
    assert (409, "CONFLICT") == (answer.status, answer.body["code"])
    assert (("PENDING", *before)[-1], balance) == (found["status"], caller.sandbox.balance("AUD"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"id":"x"}',
        b'{"status":"SUCCESS"}',
        b'{"id":"x","status":"SUCCESS","at":1}',
        b'{"id":"x","payout_id":"x","status":"SUCCESS"}',
        b'{"payin_id":"x","status":"SUCCESS"}',
        b'{"payout_id":"","status":"SUCCESS"}',
        b"[]",
    ],
)
async def test_a_simulation_names_id_and_status(caller: Caller, body: bytes) -> None:
    """Both, and nothing else; the id once."""
    assert 400 == (await caller.send("PATCH", f"{PAYOUTS}/simulate", body=body)).status


@pytest.mark.parametrize("name", ["id", "payout_id"])
async def test_the_id_of_a_simulation_has_two_names(caller: Caller, name: str) -> None:
    """Its name is on no page: `payout_id` is by analogy with the upstream's `payin_id`."""
    payout = made(await create_payout(caller))

    await caller.send("PATCH", f"{PAYOUTS}/simulate", body=compact({name: payout["id"], "status": "FAILED"}))

    assert "FAILED" == (await retrieve_payout(caller, payout["id"])).body["data"]["status"]


async def test_unknown_payouts_are_not_found(caller: Caller) -> None:
    """Retrieving or simulating an unknown payout gives 404."""
    assert (await retrieve_payout(caller, "nobody")).status == 404
    assert (await simulate(caller, PAYOUTS, "nobody", "SUCCESS")).status == 404


async def test_the_client_understands_every_answer(caller: Caller) -> None:
    """All four calls, without a field that it does not know."""
    sandbox = caller.sandbox
    beneficiary = PayoutBeneficiary(
        company=BeneficiaryCompany(name="X"), account_number="1234567", extra={"bsb_code": "1"}, bsb="123456"
    )
    request = CreatePayout(
        payout_beneficiary_param=beneficiary,
        sender_amount=Decimal("10.10"),
        sender_currency="AUD",
        sender_country="AU",
        beneficiary_amount=Decimal("10.10"),
        beneficiary_currency="AUD",
        payout_method_name="au_bank_acct",
        purpose_code="SELF",
        order_id="order-1",
        extra={"description": "x"},
    )
    async with AsyncPayCombat(
        token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url, paths=sandbox.paths
    ) as client:
        created = await client.send(CREATE_PAYOUT, request)
        moved = await client.send(SIMULATE_PAYOUT, SimulatePayout(extra={"id": created.data.id, "status": "SUCCESS"}))
        found = await client.send(RETRIEVE_PAYOUT, None, id=created.data.id)
        listed = await client.send(LIST_PAYOUTS, None)

    assert ("PENDING", Decimal("10.1")) == (created.data.status, created.data.wire_amount)
    assert ("SUCCESS", [found.data], 1) == (found.data.status, listed.data.items, listed.data.total)
    assert [(), (), (), ()] == [reply.drift for reply in (created, moved, found, listed)]
