"""Requests and answers as plain data: what `to_dict` and `to_json` give, and what `from_mapping` takes back."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from paycombat_async import (
    BeneficiaryIndividual,
    Checkout,
    CreatePayin,
    CreatePayout,
    Customer,
    CustomerType,
    InvalidRequest,
    Page,
    Payout,
    PayoutBeneficiary,
    UpdateCompany,
    UpdateCustomer,
    canonical_json,
)
from paycombat_async._protocol.request_body import encode_body
from paycombat_async.endpoints import CREATE_PAYOUT
from paycombat_async.schemas._data import Data
from tests.calls import PAYIN, payout
from tests.json_cases import vectors
from tests.schemas.test_data import below

CLEARING = UpdateCompany(address_line2="")
UPDATE = UpdateCustomer(
    customer_id="c",
    company=CLEARING,
    metadata={"9": 0.1, "a": [None, True]},
    extra={"limit": Decimal("10.50")},
)
PAGE = vectors("update-customer-response.json")["data"]


@pytest.mark.promise("P5")
def test_a_request_gives_what_is_sent() -> None:
    """What is UNSET is not there, "" clears, the members of extra follow, and keys are in JavaScript's order."""
    assert {
        "customer_id": "c",
        "metadata": {"9": 0.1, "a": [None, True]},
        "company": {"address_line2": ""},
        "limit": 10.5,
    } == UPDATE.to_dict()
    assert ["customer_id", "metadata", "company", "limit"] == list(UPDATE.to_dict())
    assert canonical_json(UPDATE).decode() == UPDATE.to_json()
    assert {"address_line2": ""} == CLEARING.to_dict()
    assert {"iban": "x"} == PayoutBeneficiary(extra={"iban": "x"}).to_dict()


NUMBERS = {
    "10.50": 10.5,
    "10.00": 10,
    "0.000001": 1e-06,
    "999999999999999": 999999999999999,
    "99999999999999.9": 99999999999999.9,
    "1E+2": 100,
    "1E+23": 1e23,  # the nearest float is 99999999999999991611392, and JSON has it as 1e+23
    "5E+300": 5e300,
}


@pytest.mark.parametrize("digits", NUMBERS)
def test_a_decimal_becomes_the_number_with_its_digits(digits: str) -> None:
    """Requests and answers alike; a whole amount is an int."""
    expected = NUMBERS[digits]

    for found in (
        payout(sender_amount=Decimal(digits)).to_dict()["sender_amount"],
        Payout(wire_amount=Decimal(digits)).to_dict()["wire_amount"],
    ):
        assert (type(expected), expected) == (type(found), found)


@pytest.mark.parametrize("digits", ["12345678901234567.89", "0.1234567890123456789", "90071992547409.93"])
def test_an_amount_that_no_float_holds_keeps_its_digits(digits: str) -> None:
    """An answer is never refused: such an amount is text in a dict, and a number with all its digits in JSON."""
    found = Payout(id="p", wire_amount=Decimal(digits))

    assert digits == found.to_dict()["wire_amount"]
    assert f'"wire_amount":{digits},' in found.to_json()
    assert Decimal(digits) == msgspec.json.decode(found.to_json(), type=Payout).wire_amount


def test_an_answer_gives_every_field() -> None:
    """Those that the provider left out, or sent as its null `{}`, are None; nested Structs and pages are dicts."""
    customer = msgspec.convert(PAGE | {"gca_activated_at": None, "webhook_url": None}, Customer)
    found = customer.to_dict()

    assert list(Customer.__struct_fields__) == list(found)
    assert found["individual"] is None
    assert {"items": [found], "total": 1, "unread": 0} == Page(items=[customer], total=1).to_dict()
    assert found == json.loads(customer.to_json()) == dict(customer)


@pytest.mark.parametrize("kind", sorted(below(Data), key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_every_struct_has_both(kind: Any) -> None:
    """With whatever is set: here nothing but what is required."""
    found = kind(**{field.name: "x" for field in msgspec.structs.fields(kind) if field.required})

    assert found.to_dict() == json.loads(found.to_json())
    assert found.to_dict() == dict(found)


def test_fields_can_be_left_out() -> None:
    """By their names, at the top; also single members of extra, or all of them."""
    found = Checkout(id="c", checkout_url="https://pay.example/?token=t")

    assert "checkout_url" not in found.to_dict(exclude={"checkout_url"})
    assert {"customer_id": "c", "limit": 10.5} == UPDATE.to_dict(exclude=["metadata", "company"])
    assert {"customer_id": "c"} == UPDATE.to_dict(exclude=("metadata", "company", "limit"))
    assert {"customer_id": "c"} == UPDATE.to_dict(exclude=("metadata", "company", "extra"))
    assert {"customer_id": "c"} == UpdateCustomer(customer_id="c").to_dict(exclude={"extra", "description"})


@pytest.mark.parametrize("exclude", [{"checkout_uri"}, "id", ["id", "no such field"]])
def test_a_misspelt_field_is_not_shown_by_accident(exclude: Any) -> None:
    """What should have been left out would otherwise be sent to a browser."""
    with pytest.raises(ValueError, match="Checkout has no field"):
        Checkout(id="c").to_dict(exclude=exclude)


@pytest.mark.promise("P11")
def test_a_request_that_has_no_form_in_json_is_refused() -> None:
    """As it would be before sending, with the path."""
    with pytest.raises(InvalidRequest) as caught:
        UpdateCustomer(customer_id="c", metadata={"a": float("nan")}).to_dict()

    assert "$.metadata.a" == caught.value.path


BACK: dict[str, Any] = {
    "whole amounts": payout(),
    "fractions": payout(sender_amount=Decimal("50.05"), beneficiary_amount=Decimal("0.000001")),
    "most digits": payout(sender_amount=Decimal("99999999999999.9"), beneficiary_amount=999999999999999),
    "update": UpdateCustomer(
        customer_id="c", type=CustomerType.COMPANY, metadata={"a": 1.5}, company=UpdateCompany(name="x")
    ),
    "payin": CreatePayin(payer_id="va_1"),
    "extra": payout(
        extra={"webhook_url": "http://x", "fee": Decimal("0.10"), "rates": [{"a": Decimal("1.5"), "b": -7}]}
    ),
    "extra only": CreatePayin(extra={"amount": Decimal("12.50"), "currency": "AUD", "payin_method_param": {"a": None}}),
    "extra further in": payout(
        payout_beneficiary_param=PayoutBeneficiary(
            individual=BeneficiaryIndividual(first_name="Ana"), extra={"iban": "DE02", "account_name": "Ana"}
        )
    ),
}


@pytest.mark.parametrize("request_", BACK.values(), ids=BACK)
def test_json_of_a_request_can_be_read_back(request_: Any) -> None:
    """From a queue or a form: the bytes that are sent are the same, amounts with a fraction included."""
    for data in (json.loads(canonical_json(request_)), request_.to_dict(), json.loads(request_.to_json())):
        again = type(request_).from_mapping(data)

        assert request_ == again
        assert canonical_json(request_) == canonical_json(again)


def test_members_of_extra_may_be_under_its_name() -> None:
    """As in a constructor; a float is the Decimal that it was in the JSON."""
    again = CreatePayin.from_mapping(PAYIN.to_dict(exclude={"extra"}) | {"extra": json.loads(json.dumps({"a": 1.5}))})

    assert {"a": Decimal("1.5")} == again.extra


NEARLY = {
    "a letter is missing": ("ordr_id", "order_id"),
    "camel case": ("orderId", "order_id"),
    "capitals": ("ORDER_ID", "order_id"),
    "a hyphen": ("order-id", "order_id"),
    "a name that only begins alike": ("order_reference", ""),
}


@pytest.mark.promise("P11")
@pytest.mark.parametrize(("name", "meant"), NEARLY.values(), ids=NEARLY)
def test_a_key_that_is_nearly_a_missing_field_is_refused(name: str, meant: str) -> None:
    """A payout without its order id could be made twice. What is not similar is the provider's, and goes into extra."""
    data = payout().to_dict()
    data[name] = data.pop("order_id")

    if meant:
        with pytest.raises(InvalidRequest, match=f"did you mean '{meant}'"):
            CreatePayout.from_mapping(data)
    else:
        assert {name: payout().order_id} == CreatePayout.from_mapping(data).extra


def test_a_key_like_a_field_that_is_there_goes_into_extra() -> None:
    """`beneficiary_country` is nearly `beneficiary_currency`, which is given."""
    request = payout(extra={"beneficiary_country": "AU", "order_ids": ["a"]})

    assert request == CreatePayout.from_mapping(json.loads(canonical_json(request)))


FLOATS = {
    0.1 + 0.2: "at most 15 significant digits",
    0.1234567890123456: "at most 15 significant digits",
    1e15: "below 10^15",
    1e-7: "at least 0.000001",
    -1.5: "not negative",
    float("nan"): "NaN and infinity",
    float("inf"): "NaN and infinity",
}


@pytest.mark.promise("P11")
@pytest.mark.parametrize("amount", FLOATS)
def test_a_float_that_was_calculated_is_refused(amount: float) -> None:
    """It has more digits than a JSON text of an amount; so are all that are no amounts."""
    data = payout().to_dict() | {"sender_amount": amount}

    with pytest.raises(InvalidRequest, match=FLOATS[amount].replace("^", r"\^")) as caught:
        CreatePayout.from_mapping(data)
    assert "$.sender_amount" == caught.value.path


@pytest.mark.promise("P2")
def test_a_float_read_back_is_sent_as_the_decimal_it_was() -> None:
    """It is a Decimal in the Struct; a float given to the constructor is refused as ever."""
    again = CreatePayout.from_mapping(payout().to_dict() | {"sender_amount": 1.005})

    assert Decimal("1.005") == again.sender_amount
    assert b'"sender_amount":1.005,' in encode_body(CREATE_PAYOUT, again)
    with pytest.raises(InvalidRequest, match="float does not hold"):
        encode_body(CREATE_PAYOUT, payout(sender_amount=1.005))
