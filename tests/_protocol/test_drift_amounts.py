"""Money coming in: every digit of an answer survives, and what is no amount does not pass for one."""

from decimal import Context, Decimal, localcontext
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import ENDPOINTS, DriftKind, Endpoint, PayCombatError, RawReply
from paycombat_async._protocol.interpret import interpret
from paycombat_async._protocol.reply import DecodedReply
from paycombat_async._secrets import Redactor
from paycombat_async.endpoints import (
    LIST_PAYOUTS,
    RETRIEVE_CHECKOUT,
    RETRIEVE_PAYIN,
    RETRIEVE_PAYIN_METHOD,
    RETRIEVE_PAYOUT,
    RETRIEVE_PAYOUT_BALANCE,
)

READERS: tuple[Endpoint[None, Any], ...] = (
    RETRIEVE_PAYIN,
    RETRIEVE_PAYOUT,
    RETRIEVE_CHECKOUT,
    RETRIEVE_PAYIN_METHOD,
    RETRIEVE_PAYOUT_BALANCE,
)


def fields_of(kind: Any) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.name: field for field in msgspec.structs.fields(kind)}


def amounts_of(kind: Any) -> list[str]:
    return [name for name, field in fields_of(kind).items() if Decimal in get_args(field.type)]


AMOUNTS = [(endpoint, name) for endpoint in READERS for name in amounts_of(endpoint.response)]
IDENTITY = {
    endpoint.name: next((f'"{name}":"x",' for name, f in fields_of(endpoint.response).items() if f.default == ""), "")
    for endpoint in READERS
}

each_amount = pytest.mark.parametrize(
    ("endpoint", "name"), AMOUNTS, ids=[f"{endpoint.response.__name__}.{name}" for endpoint, name in AMOUNTS]
)
each_way = pytest.mark.parametrize("closely", [False, True], ids=["fast", "closely"])


def understand(endpoint: Endpoint[Any, Any], fields: str, *, closely: bool = False) -> DecodedReply:
    body = f'{{"status":true,"data":{{{IDENTITY.get(endpoint.name, "")}{fields}}}}}'.encode()
    return interpret(endpoint, RawReply(200, {}, body), now=lambda: 0.0, redact=Redactor(), closely=closely)


def kinds(reading: DecodedReply) -> list[tuple[str, DriftKind]]:
    return [(note.path, note.kind) for note in reading.notes or ()]


def test_the_fields_that_hold_money_are_those_on_record() -> None:
    """Documented numbers that are not amounts are not decoded as Decimal."""
    assert {
        "Payin": [
            *("amount", "original_amount", "fee_taken", "fee_expected", "charge_back", "rolling_serve", "retrieval"),
        ],
        "Payout": ["wire_amount", "original_amount", "fee_taken", "fee_expected"],
        "Checkout": ["amount"],
        "PayinMethod": ["min_amount", "max_amount"],
        "PayoutBalance": ["balance"],
    } == {endpoint.response.__name__: amounts_of(endpoint.response) for endpoint in READERS}


def test_no_answer_keeps_money_in_a_float() -> None:
    """No response has a float field, which would lose digits of an amount."""
    answers = {endpoint.response for endpoint in ENDPOINTS if not get_args(endpoint.response)} - {object}

    assert [] == [
        f"{kind.__name__}.{name}"
        for kind in answers
        for name, field in fields_of(kind).items()
        if float in {field.type, *get_args(field.type)}
    ]


DIGITS = [
    *("0", "7", "50", "0.1", "10.00", "1234567.89", "-3.50", "0.000001", "1E+3", "1e-7"),
    *("12345678901234567890", "1234567890123456789012345.67", "0.12345678901234567890123", "99999999999999999999.99"),
]


@each_way
@each_amount
@pytest.mark.parametrize("digits", DIGITS)
@pytest.mark.parametrize("form", ['"{}"', "{}"], ids=["text", "number"])
def test_amounts_are_exact(endpoint: Endpoint[Any, Any], name: str, closely: bool, digits: str, form: str) -> None:
    """A number or a text, however many digits, in every field that holds money."""
    reading = understand(endpoint, f'"{name}":{form.format(digits)}', closely=closely)

    amount = getattr(reading.data, name)
    assert (Decimal, Decimal(digits)) == (type(amount), amount)
    assert not reading.notes


ODD_NEIGHBOURS = {
    "a field of another type": ('"currency":[1]', DriftKind.WRONG_TYPE),
    "a field nobody knows": ('"tomorrow":1.5', DriftKind.UNKNOWN_FIELD),
}


@pytest.mark.promise("P6")
@each_way
@each_amount
@pytest.mark.parametrize(("neighbour", "kind"), ODD_NEIGHBOURS.values(), ids=ODD_NEIGHBOURS)
def test_amounts_stay_exact_beside_what_drifts(
    endpoint: Endpoint[Any, Any], name: str, closely: bool, neighbour: str, kind: DriftKind
) -> None:
    """Decoding field by field keeps all digits of an amount, too."""
    reading = understand(endpoint, f'{neighbour},"{name}":98765432109876543210.123456789', closely=closely)

    assert Decimal("98765432109876543210.123456789") == getattr(reading.data, name)
    if closely:
        assert kind in [kind for _, kind in kinds(reading)]


NO_AMOUNTS = {
    "NaN": '"NaN"',
    "NaN in lower case": '"nan"',
    "signalling NaN": '"sNaN"',
    "infinity": '"Infinity"',
    "minus infinity": '"-Infinity"',
    "inf": '"inf"',
    "bool": "true",
    "list": "[1]",
    "object": '{"value":1}',
    "words": '"fifty"',
    "no text": '""',
    "grouped": '"1,234.50"',
    "exponent beyond Decimal": "1e99999999999999999999",
    "negative exponent beyond Decimal": "1e-99999999999999999999",
    "exponent beyond Decimal in a text": '"1e99999999999999999999"',
}


@pytest.mark.promise("P6")
@each_way
@each_amount
@pytest.mark.parametrize("value", NO_AMOUNTS.values(), ids=NO_AMOUNTS)
def test_what_is_no_amount_is_none_and_noted(
    endpoint: Endpoint[Any, Any], name: str, closely: bool, value: str
) -> None:
    """The success stays a success; a NaN that compares false with everything does not get through."""
    reading = understand(endpoint, f'"{name}":{value}', closely=closely)

    amount = getattr(reading.data, name)
    if value.startswith("1e-"):
        assert amount is None or amount == 0
    else:
        assert (None, [(f"$.data.{name}", DriftKind.WRONG_TYPE)]) == (amount, kinds(reading))


@each_way
@pytest.mark.parametrize("value", ["null", "{}"], ids=["null", "the provider's null"])
@each_amount
def test_no_amount_at_all_is_no_drift(endpoint: Endpoint[Any, Any], name: str, closely: bool, value: str) -> None:
    """This provider writes `{}` for null in some fields: it is decoded as None."""
    reading = understand(endpoint, f'"{name}":{value}', closely=closely)

    assert getattr(reading.data, name) is None
    assert not reading.notes


@pytest.mark.promise("P6")
@each_way
@pytest.mark.parametrize("number", ["1e99999999999999999999", "1e400", "0.1"])
def test_a_number_in_a_free_field_never_loses_the_answer(closely: bool, number: str) -> None:
    """A number of any size is accepted there, and the amount beside it is decoded."""
    reading = understand(RETRIEVE_PAYOUT, f'"conversion":{{"rate":{number}}},"wire_amount":7.10', closely=closely)

    assert Decimal("7.10") == reading.data.wire_amount


FREE = {
    "additional_info": (RETRIEVE_CHECKOUT, '"additional_info":{"rate":1.5,"more":[2.5,{"a":3}]}'),
    "conversion": (RETRIEVE_PAYOUT, '"conversion":{"rate":1.5,"more":[2.5,{"a":3}]}'),
    "is_3ds": (RETRIEVE_PAYIN, '"is_3ds":{"rate":1.5,"more":[2.5,{"a":3}]}'),
}


@pytest.mark.parametrize(("endpoint", "field"), FREE.values(), ids=FREE)
@pytest.mark.parametrize("closely", ["fast", "closely", "beside drift"])
def test_free_fields_hold_what_json_holds(endpoint: Endpoint[Any, Any], field: str, closely: str) -> None:
    """Floats and ints, on every way: code that reads them must not depend on a neighbour's drift."""
    odd = ',"merchant_id":[1]' if closely == "beside drift" else ""

    reading = understand(endpoint, field + odd, closely=closely == "closely")

    free = getattr(reading.data, field.split('"')[1])
    assert {"rate": 1.5, "more": [2.5, {"a": 3}]} == free
    assert [float, float, int] == [type(free["rate"]), type(free["more"][0]), type(free["more"][1]["a"])]


REFERENCES = {
    "order_id of a payout": (RETRIEVE_PAYOUT, "order_id"),
    "merchant_id of a payin": (RETRIEVE_PAYIN, "merchant_id"),
    "customer_id of a checkout": (RETRIEVE_CHECKOUT, "customer_id"),
}


@each_way
@pytest.mark.parametrize(("endpoint", "name"), REFERENCES.values(), ids=REFERENCES)
@pytest.mark.parametrize("number", ["42", "0", "12345678901234567890123"])
def test_a_number_that_names_something_becomes_its_text(
    endpoint: Endpoint[Any, Any], name: str, closely: bool, number: str
) -> None:
    """Clients send `order_id` as a number too; it is still what finds the payout."""
    reading = understand(endpoint, f'"{name}":{number}', closely=closely)

    assert number == getattr(reading.data, name)
    assert [(f"$.data.{name}", DriftKind.WRONG_TYPE)] == kinds(reading)


@each_way
@pytest.mark.parametrize("value", ["true", "1.5", "[1]"])
def test_other_things_do_not_name_anything(closely: bool, value: str) -> None:
    """A reference that is neither text nor integer is left out and reported as drift."""
    reading = understand(RETRIEVE_PAYOUT, f'"order_id":{value}', closely=closely)

    assert reading.data.order_id is None
    assert [("$.data.order_id", DriftKind.WRONG_TYPE)] == kinds(reading)


@each_way
def test_amounts_in_a_list_are_exact_beside_an_odd_item(closely: bool) -> None:
    """One item that does not fit does not affect the others."""
    items = (
        '[{"id":"a","wire_amount":0.10},7,{"id":"b","wire_amount":"NaN","order_id":5},{"id":"c","fee_taken":"0.30"}]'
    )
    raw = RawReply(200, {}, f'{{"status":true,"data":{items}}}'.encode())

    reading = interpret(LIST_PAYOUTS, raw, now=lambda: 0.0, redact=Redactor(), closely=closely)

    found = [(item.id, item.wire_amount, item.fee_taken, item.order_id) for item in reading.data.items]
    assert [("a", Decimal("0.10"), None, None), ("b", None, None, "5"), ("c", None, Decimal("0.30"), None)] == found
    assert ["$.data[1]", "$.data[2].order_id", "$.data[2].wire_amount"] == sorted(path for path, _ in kinds(reading))


@each_way
def test_the_callers_decimal_context_changes_no_answer(closely: bool) -> None:
    """The precision and traps of the caller's decimal context do not change amounts in answers."""
    fields = '"wire_amount":1234567.8901,"fee_taken":"9876543.21","original_amount":"NaN"'

    for context in (Context(prec=3), Context(prec=1, Emin=-1, Emax=1), Context(traps=[])):
        with localcontext(context):
            payout = understand(RETRIEVE_PAYOUT, fields, closely=closely).data
        assert ("1234567.8901", "9876543.21", None) == (
            str(payout.wire_amount),
            str(payout.fee_taken),
            payout.original_amount,
        )


numbers = st.builds(
    lambda sign, digits, fraction, exponent: f"{sign}{digits}{fraction}{exponent}",
    st.sampled_from(["", "-"]),
    st.integers(0, 10**30).map(str),
    st.just("") | st.integers(0, 10**30).map(lambda number: f".{number}"),
    st.just("")
    | st.integers(-(10**21), 10**21).map(lambda number: f"e{number}")
    | st.sampled_from(["E5", "e+3", "e-9"]),
)
values = numbers | numbers.map(lambda number: f'"{number}"') | st.sampled_from([*NO_AMOUNTS.values(), "null", "{}"])


@given(
    chosen=st.sampled_from(AMOUNTS),
    value=values,
    odd=st.sampled_from(["", '"merchant_id":[1],', '"x":1e999999999999999999999,']),
    closely=st.booleans(),
)
def test_any_number_is_exact_or_none(
    chosen: tuple[Endpoint[Any, Any], str], value: str, odd: str, closely: bool
) -> None:
    """Any answer is decoded without an exception, NaN or a lost digit."""
    endpoint, name = chosen
    try:
        reading = understand(endpoint, f'{odd}"{name}":{value}', closely=closely)
    except PayCombatError:
        pytest.fail("the answer was lost")

    amount = getattr(reading.data, name)
    assert amount is None or (amount.is_finite() and (amount == 0 or amount == Decimal(value.strip('"'))))
