"""Schemas of payin and payout methods and of the balance against the provider's record of them."""

from decimal import Decimal
from typing import Any

import pytest

from paycombat_async import DriftKind, InvalidResponse, Outcome
from paycombat_async.endpoints import (
    LIST_PAYIN_METHODS,
    LIST_PAYMENT_METHODS,
    LIST_PAYOUT_METHODS,
    RETRIEVE_PAYIN_METHOD,
    RETRIEVE_PAYOUT_BALANCE,
)
from paycombat_async.schemas.merchant import PayoutBalance
from paycombat_async.schemas.methods import PayinMethod, PayoutMethod
from tests.record import ENVELOPES, flattened, understand

# Seen on "Get Required Fields by Payin method", in its order.
PAYIN_METHOD_FIELDS = [
    *("payin_method_id", "payin_method_name", "payin_method_description", "payin_method_logo"),
    *("payin_method_instruction", "payin_method_category", "payin_method_class", "payin_method_group"),
    *("country", "currency", "payin_method_param", "min_amount", "max_amount", "is_sender_validation_enabled"),
    *("is_payin_method_available_24_7", "is_cancellable", "is_refundable", "is_multiple_refund_allowed"),
    *("is_partially_refundable", "is_over_refundable", "is_va_allowed", "is_payin_allowed"),
    *("max_expiration_time_in_seconds", "default_expiry_time_seconds"),
]
# Seen on "Get Required Fields by Payout method", which has left the sidebar; its end is cut off there.
PAYOUT_METHOD_FIELDS = [
    *("payout_method_id", "payout_method_name", "payout_method_description", "payout_method_logo", "currency"),
    *("sender_country", "sender_currency", "beneficiary_country", "beneficiary_currency", "payout_method_category"),
    *("payout_method_class", "payout_method_group", "payout_method_param", "payout_beneficiary_param"),
]
GROUPS = ["company", "base_param", "individual"]
PAYIN_PARAM = ["name", "type", "label", "regex", "mandatory", "field_description"]
PAYOUT_PARAM = ["name", "type", "regex", "mandatory", "field_description", "regex_description"]

PAYIN_METHOD: dict[str, Any] = {
    "payin_method_id": "pim_0123456789abcdef0123456789abcdef",
    "payin_method_name": "au_bank_npp",
    "payin_method_description": "d",
    "payin_method_logo": "https://example.com/logo.png",
    "payin_method_instruction": ["first", "second"],
    "payin_method_category": "BANK",
    "payin_method_class": "DOMESTIC",
    "payin_method_group": "NO_GROUP",
    "country": "AU",
    "currency": "AUD",
    "payin_method_param": [
        {
            "name": "name",
            "type": "text",
            "label": "Name",
            "regex": "^[a-z]+$",
            "mandatory": True,
            "field_description": "f",
        }
    ],
    "min_amount": 1,
    "max_amount": 1_000_000,
    "is_sender_validation_enabled": False,
    "is_payin_method_available_24_7": True,
    "is_cancellable": True,
    "is_refundable": True,
    "is_multiple_refund_allowed": True,
    "is_partially_refundable": True,
    "is_over_refundable": False,
    "is_va_allowed": True,
    "is_payin_allowed": True,
    "max_expiration_time_in_seconds": "34560000",
    "default_expiry_time_seconds": "172800",
}
BSB = {
    "name": "bsb",
    "type": "text",
    "regex": "^[0-9]{3}-?[0-9]{3}$",
    "mandatory": True,
    "field_description": "f",
    "regex_description": "r",
}
PAYOUT_METHOD: dict[str, Any] = {
    "payout_method_id": "pom_0123456789abcdef0123456789abcdef",
    "payout_method_name": "au_bank_acct",
    "payout_method_description": "d",
    "payout_method_logo": "https://example.com/logo.png",
    "currency": "AUD",
    "sender_country": "AU",
    "sender_currency": "AUD",
    "beneficiary_country": "AU",
    "beneficiary_currency": "AUD",
    "payout_method_category": "BANK",
    "payout_method_class": "DOMESTIC",
    "payout_method_group": "NO_GROUP",
    "payout_method_param": {},
    "payout_beneficiary_param": {"company": [BSB], "base_param": [BSB, BSB], "individual": []},
}

each_way = pytest.mark.parametrize("closely", [False, True], ids=["fast", "closely"])


def test_a_payin_method_has_the_fields_on_record_and_no_others() -> None:
    """Both spellings of its times included; what is asked for has one field more in payout methods."""
    offered = flattened(PayinMethod)
    top = [name for name in offered if "." not in name]
    asked = {name.removeprefix("payin_method_param.") for name in offered if "." in name}

    assert PAYIN_METHOD_FIELDS == top
    assert {*PAYIN_PARAM, "regex_description"} == asked


def test_a_payout_method_has_the_fields_on_record_and_no_others() -> None:
    """What is asked of a beneficiary stands in three groups."""
    offered = flattened(PayoutMethod)
    groups = [f"payout_beneficiary_param.{group}" for group in GROUPS]
    asked = {f"{group}.{name}" for group in groups for name in {*PAYOUT_PARAM, "label"}}

    assert PAYOUT_METHOD_FIELDS == [name for name in offered if "." not in name]
    assert {*PAYOUT_METHOD_FIELDS, *groups, *asked} == set(offered)


@each_way
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_the_payin_method_on_record_is_read_without_drift(envelope: str, closely: bool) -> None:
    """Every field where it belongs, times as the digits they are, bounds as Decimals."""
    reading = understand(RETRIEVE_PAYIN_METHOD, PAYIN_METHOD, envelope, closely=closely)

    method = reading.data
    plain = [name for name in PAYIN_METHOD if name != "payin_method_param"]
    assert {name: PAYIN_METHOD[name] for name in plain} == {name: getattr(method, name) for name in plain}
    assert PAYIN_METHOD["payin_method_param"] == [
        {name: getattr(param, name) for name in PAYIN_PARAM} for param in method.payin_method_param
    ]
    assert (Decimal, "172800") == (type(method.max_amount), method.default_expiry_time_seconds)
    assert set(PAYIN_METHOD) == set(PAYIN_METHOD_FIELDS)
    assert not reading.notes


@each_way
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_the_payout_method_on_record_is_read_without_drift(envelope: str, closely: bool) -> None:
    """The fields are in a list, as the documentation shows now."""
    reading = understand(LIST_PAYOUT_METHODS, [PAYOUT_METHOD], envelope, closely=closely)

    [method] = reading.data.items
    plain = [name for name in PAYOUT_METHOD if name != "payout_beneficiary_param"]
    asked = method.payout_beneficiary_param
    assert {name: PAYOUT_METHOD[name] for name in plain} == {name: getattr(method, name) for name in plain}
    assert [1, 2, 0] == [len(getattr(asked, group)) for group in GROUPS]
    assert BSB == {name: getattr(asked.company[0], name) for name in PAYOUT_PARAM}
    assert set(PAYOUT_METHOD) == set(PAYOUT_METHOD_FIELDS)
    assert not reading.notes


@pytest.mark.parametrize("endpoint", [LIST_PAYIN_METHODS, LIST_PAYMENT_METHODS], ids=lambda endpoint: endpoint.name)
@each_way
def test_payin_methods_come_in_lists(endpoint: Any, closely: bool) -> None:
    """Every item of a list is decoded like a single object."""
    reading = understand(endpoint, {"payin_methods": [PAYIN_METHOD]}, closely=closely)

    assert [understand(RETRIEVE_PAYIN_METHOD, PAYIN_METHOD).data] == reading.data.items
    assert not reading.notes


@pytest.mark.promise("P6")
@pytest.mark.parametrize("name", [name for name in PAYIN_METHOD_FIELDS if name != "payin_method_name"])
@pytest.mark.parametrize("empty", [None, {}], ids=["null", "the provider's null"])
def test_any_field_but_the_name_may_be_empty(name: str, empty: object) -> None:
    """Null is accepted in every field, since the documentation has only one example."""
    reading = understand(RETRIEVE_PAYIN_METHOD, PAYIN_METHOD | {name: empty})

    assert getattr(reading.data, name) is None
    assert not reading.notes


@pytest.mark.promise("P6")
@each_way
def test_an_odd_field_of_a_param_does_not_lose_the_others(closely: bool) -> None:
    """Noted with its place; its neighbours stay, and so does what was asked for."""
    params = [{"name": "a", "mandatory": "yes"}, 7, {"name": "b", "regex": "^b$"}]

    reading = understand(RETRIEVE_PAYIN_METHOD, PAYIN_METHOD | {"payin_method_param": params}, closely=closely)

    assert [("a", None), ("b", "^b$")] == [(param.name, param.regex) for param in reading.data.payin_method_param]
    assert ["$.data.payin_method_param[0].mandatory", "$.data.payin_method_param[1]"] == [
        note.path for note in reading.notes or ()
    ]


@each_way
@pytest.mark.parametrize("balance", [1234.5, "1234.50"], ids=["number", "text"])
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_balance_is_read_under_the_names_guessed(envelope: str, balance: object, closely: bool) -> None:
    """Amounts are decoded exactly, whether they are numbers or text."""
    reading = understand(RETRIEVE_PAYOUT_BALANCE, {"currency": "AUD", "balance": balance}, envelope, closely=closely)

    assert PayoutBalance(currency="AUD", balance=Decimal("1234.5")) == reading.data
    assert ["currency", "balance"] == flattened(PayoutBalance)
    assert not reading.notes


def test_a_balance_under_another_name_is_noted() -> None:
    """The guess was wrong then; the whole answer is in the reply."""
    reading = understand(RETRIEVE_PAYOUT_BALANCE, {"available": 7})

    assert PayoutBalance() == reading.data
    assert [("$.data.available", DriftKind.UNKNOWN_FIELD)] == [(note.path, note.kind) for note in reading.notes or ()]


@pytest.mark.parametrize("data", [1234.5, [{"currency": "AUD", "balance": 7}], "7"], ids=["number", "list", "text"])
def test_a_balance_of_another_shape_is_an_invalid_response(data: object) -> None:
    """With the raw answer on it: nothing is made up."""
    with pytest.raises(InvalidResponse) as caught:
        understand(RETRIEVE_PAYOUT_BALANCE, data)

    assert Outcome.APPLIED is caught.value.outcome
    assert "7" in caught.value.raw or "1234.5" in caught.value.raw
