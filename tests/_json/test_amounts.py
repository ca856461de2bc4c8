"""Money going out: what is an amount, what is refused and why, and the exact digits on the wire."""

import base64
import re
from collections import OrderedDict
from decimal import (
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
    Rounded,
    Subnormal,
    Underflow,
    localcontext,
)
from fractions import Fraction
from random import Random
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import (
    BeneficiaryIndividual,
    CreatePayin,
    CreatePaymentRequest,
    CreatePayout,
    Endpoint,
    InvalidRequest,
    Outcome,
    PayoutBeneficiary,
    Secret,
    Signer,
    canonical_json,
)
from paycombat_async._protocol.draft import draft
from paycombat_async._protocol.messages import ClientConfig
from paycombat_async.endpoints import CREATE_PAYIN, CREATE_PAYMENT_REQUEST, CREATE_PAYOUT
from tests._json.test_canonical_node import NODE, ask_node
from tests.calls import payout

ACCOUNT = ClientConfig("https://api.paycombat.com", Secret("snd_token"), Signer("snd_key"), {})
PLAIN = msgspec.json.decode(canonical_json(payout()))


def body(request: Any, endpoint: Endpoint[Any, Any] = CREATE_PAYOUT) -> bytes:
    sent = draft(endpoint, request, {}, None, ACCOUNT).body
    assert sent is not None
    return sent


def written(request: CreatePayout) -> str:
    """The sender's amount as it stands in the body."""
    found = re.search(r'"sender_amount":([^,]*),', body(request).decode())
    assert found
    return found[1]


def refusal(request: Any, endpoint: Endpoint[Any, Any] = CREATE_PAYOUT) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        draft(endpoint, request, {}, None, ACCOUNT)
    return caught.value


# what is handed in, and a word of the reason
REFUSED: dict[str, tuple[Any, str]] = {
    "float": (53.25, "float does not hold"),
    "whole float": (53.0, "float does not hold"),
    "float that is no number": (float("nan"), "float does not hold"),
    "infinite float": (float("inf"), "float does not hold"),
    "bool": (True, "got bool"),
    "None": (None, "got NoneType"),
    "bytes": (b"53", "got bytes"),
    "list": ([53], "got list"),
    "complex": (53j, "got complex"),
    "fraction": (Fraction(53, 7), "got Fraction"),
    "NaN": (Decimal("NaN"), "NaN and infinity"),
    "signalling NaN": (Decimal("sNaN"), "NaN and infinity"),
    "infinity": (Decimal("Infinity"), "NaN and infinity"),
    "minus infinity": (Decimal("-Infinity"), "NaN and infinity"),
    "negative int": (-53, "not negative"),
    "negative": (Decimal("-53.5"), "not negative"),
    "negative and tiny": (Decimal("-1E-30"), "not negative"),
    "below the smallest": (Decimal("0.00000099"), "at least 0.000001"),
    "tiny": (Decimal("1E-400"), "at least 0.000001"),
    "10^15": (10**15, "below 10^15"),
    "10^15 as Decimal": (Decimal("1E+15"), "below 10^15"),
    "beyond a safe integer": (9007199254740993, "below 10^15"),
    "beyond 64 bits": (10**20 + 53, "below 10^15"),
    "beyond a double": (Decimal("1E+400"), "below 10^15"),
    "int of 500 digits": (10**500 + 53, "below 10^15"),
    "16 digits": (Decimal("99999999999999.53"), "at most 15 significant digits"),
    "16 digits that a double holds": (Decimal("0.5312345678901234"), "at most 15 significant digits"),
    "40 digits": (Decimal("5." + "3" * 39), "at most 15 significant digits"),
}


@pytest.mark.promise("P11")
@pytest.mark.parametrize(("amount", "reason"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("field", ["sender_amount", "beneficiary_amount"])
def test_a_refused_amount_says_why(field: str, amount: object, reason: str) -> None:
    """Path and reason, never the amount, in one line, and nothing is sent."""
    error = refusal(payout(**{field: amount}))

    assert (f"$.{field}", Outcome.NOT_SENT) == (error.path, error.outcome)
    assert str(error).startswith(f"$.{field}: ")
    assert reason in str(error)
    assert "53" not in f"{error!r}{vars(error)}"
    assert error.__context__ is None
    assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize("amount", ["53", "53.50", ""], ids=repr)
def test_text_is_no_amount_for_a_constructor(amount: str) -> None:
    """Whoever writes code has a number; text is for forms, see `from_mapping`."""
    error = refusal(payout(sender_amount=amount))

    assert "$.sender_amount" == error.path
    assert "got str" in str(error)


def test_an_amount_that_is_left_out_is_missed() -> None:
    """UNSET is not an amount."""
    assert "sender_amount" in str(refusal(payout(sender_amount=msgspec.UNSET)))


ACCEPTED: dict[str, tuple[Decimal | int, str]] = {
    "zeros behind": (Decimal("10.00"), "10"),
    "exponent": (Decimal("1E+3"), "1000"),
    "exponent and point": (Decimal("1.50E+2"), "150"),
    "smallest": (Decimal("0.000001"), "0.000001"),
    "small": (Decimal("0.00001"), "0.00001"),
    "largest int": (999_999_999_999_999, "999999999999999"),
    "largest": (Decimal(999_999_999_999_999), "999999999999999"),
    "largest with a point": (Decimal("9999999999999.99"), "9999999999999.99"),
    "15 digits behind the point": (Decimal("0.123456789012345"), "0.123456789012345"),
    "15 digits and zeros around": (Decimal("0.00000100000000000000000000"), "0.000001"),
    "many zeros": (Decimal("5." + "0" * 60), "5"),
    "int": (1, "1"),
    "nothing": (0, "0"),
    "nothing as Decimal": (Decimal("0.00"), "0"),
    "nothing with an exponent": (Decimal("0E+20"), "0"),
    "minus nothing": (Decimal("-0.00"), "0"),
    "a tenth": (Decimal("0.10"), "0.1"),
    "what a float misses": (Decimal("1.005"), "1.005"),
    "cents": (Decimal("1234567.89"), "1234567.89"),
}


@pytest.mark.promise("P2")
@pytest.mark.parametrize(("amount", "expected"), ACCEPTED.values(), ids=ACCEPTED)
def test_an_amount_is_written_as_javascript_writes_it(amount: Decimal | int, expected: str) -> None:
    """No exponent, no zeros behind, no digit lost; the same through plain data, as number and as text."""
    assert expected == written(payout(sender_amount=amount))
    assert expected == written(CreatePayout.from_mapping(PLAIN | {"sender_amount": amount}))
    if "E" not in str(amount) and len(str(amount)) < 60 and amount >= 0:
        assert expected == written(CreatePayout.from_mapping(PLAIN | {"sender_amount": str(amount)}))


# In plain data, floats come from JSON texts, so their digits decide (tests/schemas/test_plain.py).
TAKEN_AS_DATA = {"bytes", "float", "whole float", "float that is no number", "infinite float"}


@pytest.mark.parametrize(
    ("amount", "reason"),
    [row for name, row in REFUSED.items() if name not in TAKEN_AS_DATA],
    ids=[name for name in REFUSED if name not in TAKEN_AS_DATA],
)
def test_plain_data_is_held_to_the_same(amount: object, reason: str) -> None:
    """`from_mapping` refuses at once, not only when it is sent."""
    with pytest.raises(InvalidRequest) as caught:
        CreatePayout.from_mapping(PLAIN | {"sender_amount": amount})

    assert "$.sender_amount" == caught.value.path
    assert reason in str(caught.value)
    assert "53" not in f"{caught.value!r}{vars(caught.value)}"


TEXTS = [
    "",
    " ",
    "x53",
    "NaN",
    "Infinity",
    "1e3",
    "53,50",
    " 53",
    "53 ",
    "+53",
    "53.",
    ".53",
    "5_3",
    "٥٣",
    "0x53",
    "5" * 70,
]
BAD_TEXTS = {
    **dict.fromkeys(TEXTS, "an amount is"),
    "-53": "not negative",
    "0.0000001": "at least",
    "1000000000000000": "below",
    "0.5312345678901234": "digits",
}


@pytest.mark.parametrize(("text", "reason"), BAD_TEXTS.items(), ids=ascii)
def test_text_of_a_form_is_a_plain_number_or_refused(text: str, reason: str) -> None:
    """Digits, one point, nothing else: no exponent, no other alphabet's digits, no grouping."""
    with pytest.raises(InvalidRequest) as caught:
        CreatePayout.from_mapping(PLAIN | {"beneficiary_amount": text})

    assert "$.beneficiary_amount" == caught.value.path
    assert reason in str(caught.value)
    assert "53" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [[("sender_amount", 1)], "text", b"{}", None, 5, object()], ids=lambda it: type(it).__name__
)
def test_what_is_no_mapping_is_refused(data: Any) -> None:
    """With the one error type, as for every other request."""
    with pytest.raises(InvalidRequest) as caught:
        CreatePayout.from_mapping(data)

    assert "$" == caught.value.path


@pytest.mark.parametrize("kind", [MappingProxyType, OrderedDict, dict], ids=lambda kind: kind.__name__)
def test_any_mapping_is_looked_through(kind: Any) -> None:
    """A calculated float does not slip through in a mapping of another type."""
    with pytest.raises(InvalidRequest, match="15 significant digits"):
        CreatePayout.from_mapping(kind(PLAIN | {"sender_amount": 0.1 + 0.2}))


def test_plain_data_builds_what_a_constructor_builds() -> None:
    """An amount is encoded to the same bytes whether it was given as Decimal, int or text."""
    plain = PLAIN | {"sender_amount": "50.00", "beneficiary_amount": 50}

    assert canonical_json(payout()) == canonical_json(CreatePayout.from_mapping(plain))


FLOATS_INSIDE: dict[str, tuple[object, str]] = {
    "at the top": (1.5, "$.extra.a"),
    "whole": (1.0, "$.extra.a"),
    "in an object": ({"b": 1.5}, "$.extra.a.b"),
    "in a list": ([1, 1.5], "$.extra.a[1]"),
    "in a tuple": ((1.5,), "$.extra.a[0]"),
    "deep down": ([{"b": [{"c": 1.5}]}], "$.extra.a[0].b[0].c"),
    "NaN": (float("nan"), "$.extra.a"),
}
OPEN_REQUESTS: dict[str, tuple[Endpoint[Any, Any], Any]] = {
    "payin": (CREATE_PAYIN, lambda extra: CreatePayin(extra=extra)),
    "payment request": (CREATE_PAYMENT_REQUEST, lambda extra: CreatePaymentRequest(extra=extra)),
    "payout": (CREATE_PAYOUT, lambda extra: payout(extra=extra)),
}


@pytest.mark.parametrize(("value", "path"), FLOATS_INSIDE.values(), ids=FLOATS_INSIDE)
@pytest.mark.parametrize(("endpoint", "make"), OPEN_REQUESTS.values(), ids=OPEN_REQUESTS)
def test_floats_are_refused_in_extra_at_any_depth(endpoint: Any, make: Any, value: object, path: str) -> None:
    """`extra` may hold amounts under undocumented names, so floats are refused there."""
    error = refusal(make({"a": value}), endpoint)

    assert path == error.path
    assert "1.5" not in str(error)


@pytest.mark.parametrize(("endpoint", "make"), OPEN_REQUESTS.values(), ids=OPEN_REQUESTS)
def test_exact_numbers_pass_in_extra(endpoint: Any, make: Any) -> None:
    """Decimal and int, at any depth, in JavaScript's form, behind the typed fields."""
    sent = body(make({"a": Decimal("10.50"), "b": [Decimal("1E+3"), {"c": 7}]}), endpoint)

    assert sent.endswith(b'"a":10.5,"b":[1000,{"c":7}]}')


@pytest.mark.promise("P2", "P11")
@pytest.mark.parametrize("amount", [Decimal("0.12345678901234567"), 2**53, Decimal("NaN")], ids=str)
def test_what_a_double_does_not_hold_is_refused_in_extra(amount: object) -> None:
    """Numbers in `extra` have no bounds but those of JSON."""
    assert "$.extra.a" == refusal(CreatePayin(extra={"a": amount}), CREATE_PAYIN).path


PERSON = BeneficiaryIndividual(first_name="Kim", last_name="Lee")


def beneficiary(**extra: object) -> CreatePayout:
    return payout(payout_beneficiary_param=PayoutBeneficiary(individual=PERSON, account_number="1", extra=extra))


def test_what_a_method_asks_of_a_beneficiary_comes_behind_the_typed_fields() -> None:
    """In the order given, at the beneficiary's own level."""
    sent = body(beneficiary(iban="DE02", swift_code="X", limits={"most": Decimal("5.0")}))

    assert sent.startswith(
        b'{"payout_beneficiary_param":{"individual":{"first_name":"Kim","last_name":"Lee"},"account_number":"1",'
        b'"iban":"DE02","swift_code":"X","limits":{"most":5}},"sender_amount":50,'
    )


def test_extras_on_both_levels_stay_on_their_levels() -> None:
    """The beneficiary's in the beneficiary, the payout's at the end."""
    request = msgspec.structs.replace(beneficiary(iban="DE02"), extra={"description": "rent"})

    decoded = msgspec.json.decode(body(request))

    assert "DE02" == decoded["payout_beneficiary_param"]["iban"]
    assert ("description", "rent") == list(decoded.items())[-1]
    assert "extra" not in body(request).decode()


BAD_EXTRAS: dict[str, tuple[dict[Any, object], str]] = {
    "a typed key": ({"individual": {"first_name": "x"}}, ".individual"),
    "a typed key that is not set": ({"bsb": "1"}, ".bsb"),
    "a float": ({"limit": 1.5}, ".limit"),
    "a float in a list": ({"limits": [1.5]}, ".limits[0]"),
    "an index key": ({"7": "x"}, ".7"),
    "an index key further in": ({"a": {"0": "x"}}, ".a.0"),
    "a number as a key": ({7: "x"}, ""),
    "__proto__": ({"__proto__": "x"}, ""),
    "half a surrogate pair": ({"a": "\ud83d"}, ".a"),
}


@pytest.mark.parametrize(("extra", "path"), BAD_EXTRAS.values(), ids=BAD_EXTRAS)
def test_extras_of_a_beneficiary_are_held_to_the_same(extra: Any, path: str) -> None:
    """Refused with the whole path, on the way from a constructor and from plain data."""
    request = payout(payout_beneficiary_param=PayoutBeneficiary(account_number="1", extra=extra))

    error = refusal(request)

    assert f"$.payout_beneficiary_param.extra{path}" == error.path


def test_an_unknown_key_of_a_beneficiary_in_plain_data_is_named() -> None:
    """It belongs into `extra`; a typo must not send money elsewhere."""
    with pytest.raises(InvalidRequest) as caught:
        CreatePayout.from_mapping(PLAIN | {"payout_beneficiary_param": {"acount_number": "1"}})

    assert "$.payout_beneficiary_param" == caught.value.path


@st.composite
def exact_amounts(draw: st.DrawFn) -> Decimal | int:
    """Any amount within the bounds, in any of its spellings."""
    digits = draw(st.integers(0, 10**15 - 1))
    amount = Decimal(digits).scaleb(-draw(st.integers(0, 20)), Context(prec=40))
    if amount >= 10**15 or 0 < amount < Decimal("0.000001"):
        amount = Decimal(digits)
    spelling = draw(st.sampled_from([amount, amount * Decimal("1.000"), amount.normalize(Context(prec=40))]))
    return int(spelling) if draw(st.booleans()) and spelling == int(spelling) else spelling


@pytest.mark.promise("P2")
@given(exact_amounts())
def test_any_amount_within_the_bounds_arrives_exactly(amount: Decimal | int) -> None:
    """As many digits as it has, no exponent, no zero behind; a double reads it as the nearest to what was meant."""
    text = written(payout(sender_amount=amount))

    assert re.fullmatch(r"(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", text)
    assert amount == Decimal(text)
    assert amount == Decimal(repr(float(text)))


@pytest.mark.promise("P2", "P11")
@given(st.decimals() | st.integers() | st.floats() | st.fractions() | st.booleans() | st.text())
def test_anything_is_an_exact_amount_or_refused(amount: Any) -> None:
    """Any amount is either sent exactly or refused with `InvalidRequest`."""
    try:
        text = written(payout(sender_amount=amount))
    except InvalidRequest:
        return

    assert type(amount) in {Decimal, int}
    assert Decimal(amount) == Decimal(text)


SIGNALS = [
    Clamped,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
    Rounded,
    Subnormal,
    Underflow,
]
CONTEXTS = {
    "six digits": Context(prec=6),
    "one digit, small exponents": Context(prec=1, Emin=-2, Emax=2),
    "everything trapped": Context(prec=6, traps=SIGNALS),
    "nothing trapped": Context(prec=6, traps=[]),
}


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
@pytest.mark.parametrize(("amount", "expected"), ACCEPTED.values(), ids=ACCEPTED)
def test_the_callers_decimal_context_changes_no_amount(context: Context, amount: Decimal | int, expected: str) -> None:
    """Whatever precision and traps the caller's arithmetic has."""
    request = payout(sender_amount=amount)

    with localcontext(context):
        sent = written(request)

    assert expected == sent


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
@pytest.mark.parametrize(("amount", "reason"), REFUSED.values(), ids=REFUSED)
def test_the_callers_decimal_context_changes_no_refusal(context: Context, amount: object, reason: str) -> None:
    """The same reason, and not an exception of the decimal module."""
    request = payout(sender_amount=amount)

    with localcontext(context):
        error = refusal(request)

    assert reason in str(error)


@pytest.mark.promise("P2")
@pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
def test_amounts_are_those_of_node() -> None:
    """JSON.stringify(JSON.parse(body)) gives thousands of payouts back, byte for byte."""
    rng = Random("amounts")
    bodies = []
    for _ in range(4000):
        amount = Decimal(rng.randrange(10 ** rng.randrange(1, 16))).scaleb(-rng.randrange(7))
        exact = amount if rng.random() < 0.7 else int(amount)
        bodies.append(body(payout(sender_amount=amount, beneficiary_amount=exact, extra={"more": amount})))

    answers = ask_node("bodies", b"\n".join(base64.b64encode(sent) for sent in bodies), "snd_key")

    changed = [sent for sent, answer in zip(bodies, answers, strict=True) if not answer.endswith(" =")]
    signer = Signer("snd_key")
    assert changed[:3] == []
    assert [signer.sign(sent) for sent in bodies] == [answer.split(" ")[0] for answer in answers]
    assert sum(b"." in sent for sent in bodies) > 1000
