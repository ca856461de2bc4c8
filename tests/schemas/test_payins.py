"""Schemas of payins against the provider's record of them."""

from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest

from paycombat_async import DriftKind
from paycombat_async.endpoints import CREATE_PAYIN, CREATE_VIRTUAL_ACCOUNT, RETRIEVE_PAYIN
from paycombat_async.schemas.payins import (
    CreatePayin,
    CreateVirtualAccount,
    Payin,
    PayinStatus,
    SimulatePayin,
    VirtualAccount,
    VirtualAccountStatus,
)
from tests.record import ENVELOPES, UPSTREAM, flattened, understand

# Seen on "Retrieve Payin", in its order.
RETRIEVED = [
    *("id", "payin_id_finmo", "merchant_id", "status", "amount", "amount_type", "transaction", "transaction_date"),
    *("payment_method", "order_reference", "customer_full_name", "reply_code", "brand", "currency", "credit_type"),
    *("payer_id", "recon_id", "order_reference_1", "order_reference_2", "platform_identifier", "trx_type"),
    *("customer_email", "customer_phone", "customer_personal_number", "fee_taken", "fee_expected", "charge_back"),
    *("rolling_serve", "retrieval", "is_black_list", "ip_address", "billing_address_country", "billing_address_city"),
    *("billing_address_zip_code", "billing_address", "bin", "is_3ds", "bank_psp", "created_at", "updated_at"),
    *("deleted_at", "payment_date"),
]
# Seen in "Webhook PAYIN SUCCESS" only.
IN_WEBHOOKS = ["original_amount", "type"]
NULLABLE = [
    *("customer_personal_number", "ip_address", "billing_address_country", "billing_address_city"),
    *("billing_address_zip_code", "billing_address", "bin", "is_3ds", "bank_psp", "deleted_at", "payment_date"),
]
# Of another provider that this one wraps, or of the answer: nobody has seen them in a request here.
GUESSED = [
    *("amount", "currency", "payin_method_name", "payin_method_param", "redirect_url", "advanced_redirect_url"),
    *("payin_type", "receipt_email", "checkout_id", "description", "customer_id", "organization_reference_id"),
    *("metadata", "expire_at", "webhook_url", "order_reference", "customer_full_name", "customer_email"),
    "customer_phone",
]
# As "Retrieve Payin" and the webhook show it: currency FIAT, the ISO code in amount_type, 0 for a bool.
PAYIN: dict[str, Any] = {
    "id": "3f0c2f6e-6f0a-4f8e-9f5e-0123456789ab",
    "payin_id_finmo": "payin_0123456789abcdef0123456789abcdef",
    "merchant_id": "7a0c2f6e-6f0a-4f8e-9f5e-0123456789ab",
    "status": "SUCCESS",
    "amount": 100.5,
    "original_amount": 100,
    "amount_type": "AUD",
    "transaction": "t",
    "transaction_date": "2025-06-01T00:00:00.000Z",
    "payment_method": "au_bank_npp",
    "order_reference": "reference-1",
    "customer_full_name": "Kim Minjun",
    "reply_code": "00",
    "brand": "b",
    "currency": "FIAT",
    "credit_type": "PAYIN",
    "payer_id": "p",
    "recon_id": "r",
    "order_reference_1": "1",
    "order_reference_2": "2",
    "platform_identifier": "i",
    "trx_type": "DIRECT_PAYIN",
    "customer_email": "kim@example.com",
    "customer_phone": "+82",
    "customer_personal_number": None,
    "fee_taken": 1,
    "fee_expected": 1,
    "charge_back": 0,
    "rolling_serve": 5,
    "retrieval": 0,
    "is_black_list": 0,
    "ip_address": None,
    "billing_address_country": None,
    "billing_address_city": None,
    "billing_address_zip_code": None,
    "billing_address": None,
    "bin": None,
    "is_3ds": None,
    "bank_psp": None,
    "created_at": "2025-06-01T00:00:00.000Z",
    "updated_at": "2025-06-01T00:00:00.000Z",
    "deleted_at": None,
    "payment_date": None,
    "type": "PAYIN",
}


def test_a_payin_has_the_fields_on_record_and_no_others() -> None:
    """Under the provider's own names, `rolling_serve` included, in the page's order."""
    offered = flattened(Payin)

    assert set(offered) == {*RETRIEVED, *IN_WEBHOOKS, *UPSTREAM["Payin"]}
    assert [name for name in offered if name not in {*IN_WEBHOOKS, *UPSTREAM["Payin"]}] == RETRIEVED


def test_requests_offer_what_was_seen_and_nothing_guessed() -> None:
    """Of a payin only `payer_id`; of a virtual account and a simulation no name at all."""
    assert ["payer_id"] == flattened(CreatePayin)
    assert [] == flattened(CreateVirtualAccount) == flattened(SimulatePayin)
    assert set(GUESSED).isdisjoint(flattened(CreatePayin))


def test_nothing_is_required() -> None:
    """The record marks nothing as required, and an answer may lack anything."""
    kinds = (CreatePayin, CreateVirtualAccount, SimulatePayin, Payin, VirtualAccount)

    assert [] == [field.name for kind in kinds for field in msgspec.structs.fields(kind) if field.required]


def test_what_is_guessed_goes_into_extra() -> None:
    """Every one of those names can be sent that way."""
    request = CreatePayin.from_mapping({"payer_id": "p", "extra": dict.fromkeys(GUESSED, "x")})

    assert dict.fromkeys(GUESSED, "x") == request.extra


@pytest.mark.parametrize("endpoint", [RETRIEVE_PAYIN, CREATE_PAYIN], ids=lambda endpoint: endpoint.name)
@pytest.mark.parametrize("closely", [False, True], ids=["fast", "closely"])
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_the_answer_on_record_is_read_without_drift(envelope: str, closely: bool, endpoint: Any) -> None:
    """Every field where it belongs, amounts as Decimals, whatever it is wrapped in."""
    reading = understand(endpoint, PAYIN, envelope, closely=closely)

    read = {name: getattr(reading.data, name) for name in PAYIN}
    assert PAYIN == read
    assert set(PAYIN) == {*RETRIEVED, *IN_WEBHOOKS}
    assert all(type(value) is Decimal for name, value in read.items() if Decimal in get_args(field(name).type))
    assert not reading.notes


def field(name: str) -> msgspec.structs.FieldInfo:
    return next(found for found in msgspec.structs.fields(Payin) if found.name == name)


@pytest.mark.promise("P6")
@pytest.mark.parametrize("name", [*RETRIEVED[1:], *IN_WEBHOOKS])
@pytest.mark.parametrize("empty", [None, {}], ids=["null", "the provider's null"])
def test_any_field_but_the_id_may_be_empty(name: str, empty: object) -> None:
    """Null is accepted in every field without drift, since the documentation has only one example."""
    reading = understand(RETRIEVE_PAYIN, PAYIN | {name: empty})

    assert getattr(reading.data, name) in ([None, {}] if name in {"is_3ds", "bank_psp"} else [None])
    assert not reading.notes


def test_an_empty_text_is_what_webhooks_write_for_null() -> None:
    """An empty text is kept as it is and is not drift."""
    empty = dict.fromkeys(("customer_personal_number", "ip_address"), "")

    data = understand(RETRIEVE_PAYIN, PAYIN | empty).data

    assert ("", "") == (data.customer_personal_number, data.ip_address)


def test_the_older_answer_is_read_as_well() -> None:
    """Ids were of another form, and so was the wrapping."""
    older = PAYIN | {"id": "payin_0123456789abcdef0123456789abcdef"}
    newer = {name: value for name, value in PAYIN.items() if name != "payin_id_finmo"}

    assert older["id"] == understand(RETRIEVE_PAYIN, older).data.id
    assert understand(RETRIEVE_PAYIN, newer, "D").data.payin_id_finmo is None


@pytest.mark.promise("P6")
def test_a_payin_without_an_id_is_noted() -> None:
    """A missing id is reported as drift, and the success is kept."""
    reading = understand(RETRIEVE_PAYIN, {"status": "SUCCESS"})

    assert ("", "SUCCESS") == (reading.data.id, reading.data.status)
    assert [DriftKind.MISSING_IDENTITY] == [note.kind for note in reading.notes or ()]


@pytest.mark.promise("P6")
@pytest.mark.parametrize(
    ("endpoint", "known"),
    [(RETRIEVE_PAYIN, PayinStatus), (CREATE_VIRTUAL_ACCOUNT, VirtualAccountStatus)],
    ids=["payin", "virtual account"],
)
def test_a_new_status_is_noted_and_kept(endpoint: Any, known: Any) -> None:
    """A value that is not known yet is kept as text and reported as drift."""
    for status in known:
        assert not understand(endpoint, {"id": "x", "status": str(status)}).notes

    reading = understand(endpoint, {"id": "x", "status": "ON_HOLD"})

    assert "ON_HOLD" == reading.data.status
    assert [("$.data.status", DriftKind.UNKNOWN_VALUE)] == [(note.path, note.kind) for note in reading.notes or ()]


def test_the_known_statuses_are_those_on_record() -> None:
    """Of payins one in an answer and two in titles of webhooks, beside PENDING; of virtual accounts the guide's two."""
    assert ["PENDING", "SUCCESS", "FAILED", "EXPIRED"] == list(PayinStatus)
    assert ["APPROVED", "FAILED"] == list(VirtualAccountStatus)


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_virtual_account_is_known_by_its_id(envelope: str) -> None:
    """All that is on record of it, with the status of its callback."""
    reading = understand(CREATE_VIRTUAL_ACCOUNT, {"id": "va_1"}, envelope)

    assert VirtualAccount(id="va_1") == reading.data
    assert ["id", "status"] == flattened(VirtualAccount)
    assert not reading.notes
