"""The fast check of requests may refuse to decide, but must never accept what the slow check refuses."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import partial
from types import MappingProxyType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import (
    UNSET,
    AuthorizedUserDetails,
    BeneficiaryIndividual,
    CreateCompany,
    CreateCustomer,
    CreateIndividual,
    CreatePayout,
    PayoutBeneficiary,
    UpdateCompany,
    UpdateCustomer,
    UpdateIndividual,
)
from paycombat_async._json.canonical import canonical_json
from paycombat_async._protocol.request_body import FAST_CHECKS, check_request, encode_body
from paycombat_async.endpoints import CREATE_PAYOUT, UPDATE_CUSTOMER
from paycombat_async.errors import InvalidRequest

KINDS = [
    AuthorizedUserDetails,
    CreateCompany,
    CreateCustomer,
    CreateIndividual,
    UpdateCompany,
    UpdateCustomer,
    UpdateIndividual,
]
ODD = st.none() | st.booleans() | st.integers() | st.binary(max_size=3) | st.just(date(2026, 1, 2)) | st.just(["x"])
RIGHT = st.text(max_size=3) | st.sampled_from(["company", "individual", UNSET])


def of(kind: type[msgspec.Struct], values: st.SearchStrategy[object]) -> st.SearchStrategy[msgspec.Struct]:
    """Structs with any of these values in any field: constructors check nothing."""
    names = [name for name in kind.__struct_fields__ if name != "extra"]
    return st.fixed_dictionaries(dict.fromkeys(names, values)).map(lambda fields: kind(**fields))


PARTS = st.one_of(*(of(kind, RIGHT) for kind in KINDS[:2] + KINDS[3:5]))
VALUES = st.one_of(RIGHT, RIGHT, RIGHT, RIGHT, ODD, PARTS, st.dictionaries(st.text(max_size=2), st.text(max_size=2)))


@pytest.mark.promise("P11")
@given(st.one_of(*(of(kind, VALUES | RIGHT) for kind in KINDS)))
def test_the_slow_check_accepts_what_the_fast_one_does(request_):
    """The fast check never accepts a request that the slow check, which decides, would refuse."""
    try:
        canonical_json(request_)
    except InvalidRequest:
        return

    if FAST_CHECKS[type(request_)](request_):
        check_request(request_)


def whole(kind: type[msgspec.Struct], **others: object) -> msgspec.Struct:
    return kind(**({name: "x" for name in kind.__struct_fields__ if name != "extra"} | others))


OFFICER = whole(AuthorizedUserDetails)
REALISTIC = [
    OFFICER,
    UpdateCustomer(customer_id="c"),
    whole(UpdateCompany, authorized_user=OFFICER),
    whole(CreateCompany, authorized_user=UNSET),
    whole(UpdateCustomer, type="company", metadata={}, company=UpdateCompany(name="x"), individual=UNSET),
    whole(CreateCustomer, type="individual", metadata=UNSET, company=UNSET, individual=whole(CreateIndividual)),
]


@pytest.mark.parametrize("request_", REALISTIC, ids=map(str, range(len(REALISTIC))))
def test_the_fast_check_accepts_ordinary_requests(request_):
    """Otherwise the fast check would only add to the cost of the slow one."""
    assert FAST_CHECKS[type(request_)](request_)


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    "request_",
    [
        UpdateCustomer(customer_id=""),
        UpdateCustomer(customer_id="c" * 256),
        UpdateCustomer(customer_id=UNSET),
        UpdateCustomer(customer_id="c", type="person"),
        UpdateCustomer(customer_id="c", description=b"x"),
        UpdateCustomer(customer_id="c", company=UpdateIndividual()),
        UpdateCustomer(customer_id="c", company=UpdateCompany(name=7)),
        UpdateCustomer(customer_id="c", metadata=[]),
        whole(CreateCompany, name=UNSET, authorized_user=UNSET),
    ],
    ids=map(str, range(9)),
)
def test_the_fast_check_leaves_invalid_requests_to_the_slow_one(request_):
    """Each invalid request reaches the slow check, which names the field."""
    assert not FAST_CHECKS[type(request_)](request_)


class Code(Enum):
    ONE = Decimal(1)


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (UpdateCustomer(customer_id="c", description=b"x"), "$.description: expected text, got bytes"),
        (UpdateCustomer(customer_id="c", company={"name": "x"}), "$.company: expected UpdateCompany, got dict"),
        (UpdateCustomer(customer_id="c", company=UpdateCompany(name=7)), "$.company.name: expected `str`, got `int`"),
        (UpdateCustomer(customer_id=msgspec.Raw(b"1")), "$.customer_id: expected `str`, got `object`"),
        (UpdateCustomer(customer_id="c", description=Code.ONE), "$.description: expected `str`, got `decimal`"),
        (UpdateCustomer(customer_id="c", company=msgspec.Raw(b"{}")), "$.company: expected UpdateCompany, got Raw"),
        (UpdateCustomer(customer_id="c", type="x"), '$.type: not one of the allowed values: individual, company, ""'),
    ],
    ids=["bytes", "a dict", "a number further in", "raw JSON", "an enum of numbers", "a raw object", "another word"],
)
def test_the_slow_check_names_the_field(request_, text):
    """Each of these is something that encoding to JSON would hide or let pass."""
    with pytest.raises(InvalidRequest) as caught:
        encode_body(UPDATE_CUSTOMER, request_)

    assert text == str(caught.value)


def payout(amount: object = 1, **others: object) -> CreatePayout:
    """A payout of this amount with everything that it must have."""
    beneficiary = PayoutBeneficiary(individual=BeneficiaryIndividual(first_name="x"), account_number="1")
    texts = dict.fromkeys(("sender_currency", "sender_country", "beneficiary_currency", "payout_method_name"), "x")
    return CreatePayout(
        **texts,
        **({"payout_beneficiary_param": beneficiary, "purpose_code": "SELF"} | others),
        sender_amount=amount,
        beneficiary_amount=amount,
    )


@pytest.mark.promise("P11")
@pytest.mark.parametrize("order_id", [Decimal(-1), b"x"], ids=["amount", "bytes"])
def test_a_reference_is_text(order_id):
    """Its annotation is a union with a text of limited length, which must be read to its end."""
    with pytest.raises(InvalidRequest, match=r"\$\.order_id: (expected text, got Decimal|bytes has no form in JSON)"):
        encode_body(CREATE_PAYOUT, payout(order_id=order_id))


@pytest.mark.parametrize(
    "amount", [0, 1, 10**15 - 1, Decimal(1), Decimal("100.50"), Decimal("0.00001"), Decimal("1E+3")]
)
def test_the_fast_check_decides_ordinary_amounts(amount):
    """The slow way would cost a payout seven times as much."""
    assert FAST_CHECKS[CreatePayout](payout(amount))


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    "amount",
    [
        1.5,
        True,
        -1,
        10**15,
        "1",
        None,
        UNSET,
        *map(Decimal, ("NaN", "sNaN", "Infinity", "-1", "1E-7", "1.234567890123456")),
    ],
    ids=repr,
)
def test_the_fast_check_leaves_other_amounts_to_the_slow_one(amount):
    """The slow check refuses each of these amounts and names the field."""
    assert FAST_CHECKS[CreatePayout](payout(amount)) is None
    with pytest.raises(InvalidRequest, match="sender_amount"):
        encode_body(CREATE_PAYOUT, payout(amount))


@pytest.mark.promise("P2")
@given(st.decimals(0, 10**15, places=12) | st.decimals(0, 10**15) | st.integers(0, 10**15))
def test_the_fast_check_writes_amounts_as_the_slow_way_does(amount):
    """`canonical_json` goes through `normalize`, whose numbers are checked against Node."""
    request_ = payout(amount)
    checked = FAST_CHECKS[CreatePayout](request_)

    if checked is not None:
        assert canonical_json(request_) == encode_body(CREATE_PAYOUT, request_)


NAMES = st.sampled_from(["iban", "bank_code", "bsb", "extra", "7", "__proto__", "나"]) | st.text(max_size=3)
MEMBERS = st.recursive(
    st.text(max_size=3) | st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.just(UNSET),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
EXTRAS = st.dictionaries(NAMES, MEMBERS, max_size=4)


def written_by(write: Callable[[CreatePayout], bytes], request_: CreatePayout) -> bytes | str:
    """The bytes, or the refusal."""
    try:
        return write(request_)
    except InvalidRequest as error:
        return str(error)


@pytest.mark.promise("P2")
@given(EXTRAS, EXTRAS | st.just(UNSET), st.sampled_from([1, Decimal("1.50")]))
def test_extra_is_written_as_the_slow_way_does(inner, outer, amount):
    """The fast check decides about `extra` of a request and of its parts; it must refuse what the slow one does."""
    beneficiary = PayoutBeneficiary(account_number="1", individual=BeneficiaryIndividual(last_name="y"), extra=inner)
    request_ = payout(amount, payout_beneficiary_param=beneficiary, extra=outer)

    assert written_by(canonical_json, request_) == written_by(partial(encode_body, CREATE_PAYOUT), request_)


def test_the_fast_check_decides_about_what_a_payout_method_wants():
    """The slow check would cost nearly every real payout six times as much."""
    beneficiary = PayoutBeneficiary(account_number="1", extra={"iban": "x", "bank": {"code": 7, "branches": ["1"]}})

    assert FAST_CHECKS[CreatePayout](payout(Decimal("1.50"), payout_beneficiary_param=beneficiary, extra={"note": ""}))


@pytest.mark.promise("P2")
@pytest.mark.parametrize(
    "extra",
    [
        {"bsb": "1"},
        {"extra": "1"},
        {"0": "1"},
        {"a": {"0": "1"}},
        {"a": 1.5},
        {"a": [1.5]},
        {"a": Decimal("1.5")},
        {"a": 2**53},
        {"__proto__": "1"},
        {1: "1"},
        {"a": UNSET, "b": date(2026, 1, 2)},
        MappingProxyType({"a": "1"}),
        ["a"],
    ],
    ids=repr,
)
def test_the_fast_check_leaves_other_extra_to_the_slow_one(extra):
    """Each is refused there, or needs to be written in another way than msgspec does."""
    beneficiary = PayoutBeneficiary(account_number="1", extra=extra)

    assert FAST_CHECKS[PayoutBeneficiary](beneficiary) is None
    assert FAST_CHECKS[CreatePayout](payout(payout_beneficiary_param=beneficiary)) is None
    if "bsb" not in extra:
        assert FAST_CHECKS[UpdateCustomer](UpdateCustomer(customer_id="c", extra=extra)) is None


@pytest.mark.promise("P11")
def test_half_a_pair_in_extra_is_named():
    """The fast check does not look into texts, so that only encoding finds it."""
    beneficiary = PayoutBeneficiary(account_number="1", extra={"iban": "\ud83d"})

    with pytest.raises(InvalidRequest, match=r"\$\.payout_beneficiary_param\.extra\.iban: .* surrogate"):
        encode_body(CREATE_PAYOUT, payout(payout_beneficiary_param=beneficiary))


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize("extra", [{"a": "b"}, {"a": Decimal("1.5")}, MappingProxyType({Text("a"): Text("b")})])
def test_extra_does_not_loosen_the_check_of_the_fields(extra):
    """Whichever check decides about `extra`, the typed fields are checked as well."""
    encode_body(UPDATE_CUSTOMER, UpdateCustomer(customer_id=Text("c"), metadata=extra, extra=extra))

    with pytest.raises(InvalidRequest, match=r"\$\.description: expected `str`, got `int`"):
        encode_body(UPDATE_CUSTOMER, UpdateCustomer(customer_id="c", description=7, extra=extra))
