"""Schemas of payouts against the provider's record of them."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from paycombat_async import InvalidRequest
from paycombat_async._json.canonical import canonical_json
from paycombat_async.endpoints import CREATE_PAYOUT, LIST_PAYOUTS, RETRIEVE_PAYOUT
from paycombat_async.schemas.payouts import (
    BeneficiaryCompany,
    CreatePayout,
    Payout,
    PayoutApproval,
    PayoutBeneficiary,
    PayoutStatus,
    SimulatePayout,
)
from tests.calls import payout
from tests.record import ENVELOPES, flattened, understand

BENEFICIARY = "payout_beneficiary_param"
# Seen on "Create Payout" and the payload page, or in real client code.
REQUESTED = [
    BENEFICIARY,
    f"{BENEFICIARY}.individual",
    f"{BENEFICIARY}.individual.first_name",
    f"{BENEFICIARY}.individual.last_name",
    f"{BENEFICIARY}.account_number",
    f"{BENEFICIARY}.bsb",
    f"{BENEFICIARY}.company",
    f"{BENEFICIARY}.company.name",
    *("sender_amount", "sender_currency", "sender_country", "beneficiary_amount", "beneficiary_currency"),
    *("payout_method_name", "purpose_code", "order_id"),
]
GUESSED = [
    *("beneficiary_country", "fx_rate_id", "debit_wallet_id", "fees_wallet_id", "organization_reference_id"),
    *("description", "payout_method_param", "payout_controls", "payout_beneficiary_id", "payout_sender_id"),
    *("payout_sender_param", "receipt_email", "payout_reference", "webhook_url", "metadata"),
]
# Seen in the answer, in its order.
ANSWERED = [
    *("id", "payout_id_finmo", "merchant_id", "reply_code_id_pg", "status", "wire_id", "order_id", "due_date"),
    *("last_action", "wire_amount", "fee_taken", "fee_expected", "payee_name", "currency", "beneficiary"),
    *("beneficiary_bank", "beneficiary_account_number", "beneficiary_account_iban", "wire_origin", "conversion"),
    *("process", "approval", "created_at", "updated_at", "approved_at", "denied_at", "pending_at"),
]
IN_WEBHOOKS = ["original_amount", "type"]
FREE = ["reply_code_id_pg", "last_action", "wire_origin", "conversion", "process"]
# As the record shows it right after "Create Payout".
PAYOUT: dict[str, Any] = {
    "id": "3f0c2f6e-6f0a-4f8e-9f5e-0123456789ab",
    "payout_id_finmo": "payout_0123456789abcdef0123456789abcdef",
    "merchant_id": "7a0c2f6e-6f0a-4f8e-9f5e-0123456789ab",
    "reply_code_id_pg": "x",
    "status": "PENDING",
    "wire_id": "w_txn_0123456789abcdef0123456789abcdef",
    "order_id": None,
    "due_date": "2025-06-01T00:00:00.000Z",
    "last_action": None,
    "wire_amount": 50,
    "fee_taken": 0,
    "fee_expected": 0,
    "payee_name": "MinjunKim",
    "currency": "AUD",
    "beneficiary": "",
    "beneficiary_bank": "au_bank_acct",
    "beneficiary_account_number": "1234567",
    "beneficiary_account_iban": None,
    "wire_origin": None,
    "conversion": None,
    "process": None,
    "approval": "APPROVED",
    "created_at": None,
    "updated_at": "2025-06-01T00:00:00.000Z",
    "approved_at": None,
    "denied_at": None,
    "pending_at": None,
}
WEBHOOK_ONLY = {"original_amount": "50", "type": "PAYOUT"}

each_reader = pytest.mark.parametrize("endpoint", [CREATE_PAYOUT, RETRIEVE_PAYOUT], ids=lambda endpoint: endpoint.name)


def test_a_payout_has_the_fields_on_record_and_no_others() -> None:
    """Under the provider's names, in the page's order; two more come in webhooks."""
    offered = flattened(Payout)

    assert set(offered) == {*ANSWERED, *IN_WEBHOOKS}
    assert [name for name in offered if name not in IN_WEBHOOKS] == ANSWERED


def test_a_request_offers_what_was_seen_and_nothing_guessed() -> None:
    """Every field of the page, the payload example and the real client."""
    assert set(REQUESTED) == set(flattened(CreatePayout))
    assert set(GUESSED).isdisjoint(flattened(CreatePayout))
    assert [] == flattened(SimulatePayout)


def test_the_bodys_order_is_that_of_the_page() -> None:
    """What the real client sends behind it comes behind it."""
    top = [path for path in REQUESTED if "." not in path]

    assert top == [field.name for field in msgspec.structs.fields(CreatePayout) if field.name != "extra"]


def test_what_stands_in_every_example_is_required() -> None:
    """And `order_id`, which the page does not show, is not."""
    required = {field.name for field in msgspec.structs.fields(CreatePayout) if field.required}

    assert {path for path in REQUESTED if "." not in path} - {"order_id"} == required


@pytest.mark.promise("P11")
@pytest.mark.parametrize("name", [path for path in REQUESTED if "." not in path and path != "order_id"])
def test_a_missing_field_is_named(name: str) -> None:
    """The request is refused before anything is sent."""
    plain = msgspec.json.decode(canonical_json(payout()))
    del plain[name]

    with pytest.raises(InvalidRequest, match=name):
        CreatePayout.from_mapping(plain)


def test_what_is_guessed_goes_into_extra() -> None:
    """`extra` is signed and sent after the typed fields."""
    body = canonical_json(payout(extra=dict.fromkeys(GUESSED, "x")))

    assert dict.fromkeys(GUESSED, "x").items() <= msgspec.json.decode(body).items()


def test_a_company_is_paid_by_its_name() -> None:
    """As the real client does."""
    request = payout(
        payout_beneficiary_param=PayoutBeneficiary(company=BeneficiaryCompany(name="ACME"), account_number="1")
    )

    assert {"company": {"name": "ACME"}, "account_number": "1"} == msgspec.json.decode(canonical_json(request))[
        BENEFICIARY
    ]


@pytest.mark.parametrize("order_id", ["", "x" * 256, None, 7], ids=["empty", "too long", "None", "number"])
def test_an_order_id_is_text_that_finds_something(order_id: object) -> None:
    """An `order_id` must be a text that is not empty: a lost payout is found by it."""
    plain = msgspec.json.decode(canonical_json(payout()))

    with pytest.raises(InvalidRequest) as caught:
        CreatePayout.from_mapping(plain | {"order_id": order_id})

    assert "$.order_id" == caught.value.path


@each_reader
@pytest.mark.parametrize("closely", [False, True], ids=["fast", "closely"])
@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("more", [{}, WEBHOOK_ONLY], ids=["answer", "with what webhooks have"])
def test_the_answer_on_record_is_read_without_drift(envelope: str, closely: bool, endpoint: Any, more: Any) -> None:
    """Every field where it belongs, a text's amount as a Decimal too, whatever it is wrapped in."""
    reading = understand(endpoint, PAYOUT | more, envelope, closely=closely)

    expected = PAYOUT | more | ({"original_amount": Decimal(50)} if more else {})
    assert expected == {name: getattr(reading.data, name) for name in expected}
    assert set(PAYOUT) == set(ANSWERED)
    assert Decimal is type(reading.data.wire_amount)
    assert not reading.notes


@pytest.mark.promise("P6")
@pytest.mark.parametrize("name", [*ANSWERED[1:], *IN_WEBHOOKS])
@pytest.mark.parametrize("empty", [None, {}], ids=["null", "the provider's null"])
def test_any_field_but_the_id_may_be_empty(name: str, empty: object) -> None:
    """Null is accepted in every field without drift, since the documentation has only one example."""
    reading = understand(RETRIEVE_PAYOUT, PAYOUT | {name: empty})

    assert getattr(reading.data, name) in ([None, {}] if name in FREE else [None])
    assert not reading.notes


def test_a_list_of_payouts_holds_payouts() -> None:
    """Every item of a list is decoded like a single object."""
    reading = understand(LIST_PAYOUTS, [PAYOUT, PAYOUT | {"id": "2"}])

    one = understand(RETRIEVE_PAYOUT, PAYOUT).data
    assert [one, msgspec.structs.replace(one, id="2")] == reading.data.items
    assert not reading.notes


def test_the_known_values_are_those_on_record() -> None:
    """Of a payout's status and of its approval."""
    assert ["PENDING", "SUCCESS", "FAILED", "RETURNED"] == list(PayoutStatus)
    assert ["APPROVED", "FAILED"] == list(PayoutApproval)


@pytest.mark.promise("P6")
@pytest.mark.parametrize(("name", "known"), [("status", PayoutStatus), ("approval", PayoutApproval)])
def test_a_new_value_is_noted_and_kept(name: str, known: Any) -> None:
    """A value that is not known yet is kept as text and reported as drift."""
    for value in known:
        assert not understand(RETRIEVE_PAYOUT, PAYOUT | {name: str(value)}).notes

    reading = understand(RETRIEVE_PAYOUT, PAYOUT | {name: "ON_HOLD"})

    assert "ON_HOLD" == getattr(reading.data, name)
    assert [f"$.data.{name}"] == [note.path for note in reading.notes or ()]
