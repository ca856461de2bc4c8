"""Canonical bytes: stored vectors of a real Node.js, the table of what is refused, and the rules of `extra`."""

import copy
import json
import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from msgspec import UNSET

from paycombat_async._json.canonical import canonical_json
from paycombat_async._json.javascript import MAX_SAFE_INTEGER
from paycombat_async._json.normalize import MAX_DEPTH
from paycombat_async.errors import InvalidRequest, Outcome
from paycombat_async.schemas.customers import (
    AuthorizedUserDetails,
    CustomerType,
    UpdateCompany,
    UpdateCustomer,
    UpdateIndividual,
)
from tests.json_cases import SafeText, json_documents, json_objects, vectors

pytestmark = pytest.mark.promise("P2")

BIG = "integer beyond ±(2^53-1)"
NOT_FINITE = "NaN and infinity"
HALF_PAIR = "half of a surrogate pair"

# The vectors that Python reads and we refuse, with the reason; the rest must come out as Node prints them.
REFUSED = {
    "-1e400": NOT_FINITE,
    "NaN": NOT_FINITE,
    "Infinity": NOT_FINITE,
    "-Infinity": NOT_FINITE,
    "100000000000000000000": BIG,
    "123456789012345680000": BIG,
    "1000000000000000000000": BIG,
    "999999999999999900000": BIG,
    "99999999999999990000": BIG,
    "99999999999999991611392": BIG,
    "9007199254740993": BIG,
    "9007199254740994": BIG,
    "9223372036854775808": BIG,
    "18446744073709551615": BIG,
    "12345678901234567": BIG,
    "12345678901234567890": BIG,
    "123456789012345678901234567890": BIG,
    r'"\ud800"': HALF_PAIR,
    r'"\uD800"': HALF_PAIR,
    r'"\udc00"': HALF_PAIR,
    r'"\udfff"': HALF_PAIR,
    r'"\ude00\ud83d"': HALF_PAIR,
    r'"\ud800\ud800"': HALF_PAIR,
    r'"\ud83dx"': HALF_PAIR,
    '{"__proto__":1}': "'__proto__'",
}
ALL = vectors("json-vectors.json")["vectors"]
PRINTED = [row for row in ALL if row["node"] is not None and row["input"] not in REFUSED]
NO_JSON = [row["input"] for row in ALL if row["node"] is None and row["input"] not in REFUSED]


class Slug(StrEnum):
    SEVEN = "7"
    NAME = "name"


class Level(IntEnum):
    HIGH = 3


class Rate(Enum):
    HALF = 0.5


def update(metadata: object) -> UpdateCustomer:
    return UpdateCustomer(customer_id="c", metadata=metadata)  # type: ignore[arg-type]  # hostile input on purpose


def with_extra(extra: object, **fields: Any) -> UpdateCustomer:
    return UpdateCustomer(customer_id="c", extra=extra, **fields)  # type: ignore[arg-type]  # hostile input on purpose


def nested(levels: int, innermost: object = "x") -> Any:
    """`innermost` inside `levels` objects."""
    for _ in range(levels):
        innermost = {"a": innermost}
    return innermost


def cycle() -> dict[str, object]:
    itself: dict[str, object] = {}
    itself["a"] = itself
    return itself


def refusal(value: object) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        canonical_json(value)
    return caught.value


@pytest.mark.parametrize("row", PRINTED, ids=lambda row: ascii(row["input"])[:40])
def test_plain_data_is_written_as_node_writes_it(row: dict[str, Any]) -> None:
    """What Python reads from a vector is written as JSON.stringify writes it."""
    written = canonical_json(json.loads(row["input"]))

    assert row["node"].encode() == written


@pytest.mark.parametrize("text", [row["input"] for row in ALL if row["fixed_point"] and row["input"] not in REFUSED])
def test_fixed_points_come_back_unchanged(text: str) -> None:
    """A text that Node leaves alone is left alone here too."""
    assert text.encode() == canonical_json(json.loads(text))


@pytest.mark.parametrize(("text", "reason"), REFUSED.items(), ids=map(ascii, REFUSED))
def test_what_has_no_fixed_point_is_refused_with_its_reason(text: str, reason: str) -> None:
    """Numbers JavaScript would change, halves of surrogate pairs and `__proto__` never reach the wire."""
    error = refusal(json.loads(text))

    assert reason in str(error)
    assert error.path == "$"


def test_every_vector_is_accounted_for() -> None:
    """Each vector is printed, refused for a listed reason, or no JSON for Python either."""
    for text in NO_JSON:
        with pytest.raises(ValueError, match=r"."):
            json.loads(text)

    assert len(ALL) == len(PRINTED) + len(NO_JSON) + len(REFUSED)
    assert {row["input"] for row in ALL} >= set(REFUSED)


PLANTED = "S3CRET"
REFUSALS: dict[str, tuple[object, str]] = {
    "bytes": (PLANTED.encode(), "$.metadata.a"),
    "bytearray": (bytearray(PLANTED.encode()), "$.metadata.a"),
    "set": ({PLANTED}, "$.metadata.a"),
    "datetime": (datetime(2025, 1, 2, tzinfo=UTC), "$.metadata.a"),
    "date": (date(2025, 1, 2), "$.metadata.a"),
    "uuid": (UUID(int=7), "$.metadata.a"),
    "object": (object(), "$.metadata.a"),
    "unset": (UNSET, "$.metadata.a"),
    "raw JSON": (msgspec.Raw(b'"S3CRET" '), "$.metadata.a"),
    "generator": ((item for item in (PLANTED,)), "$.metadata.a"),
    "nan": (math.nan, "$.metadata.a"),
    "infinity": (-math.inf, "$.metadata.a"),
    "read from 1e400": (json.loads("1e400"), "$.metadata.a"),
    "decimal nan": (Decimal("NaN123"), "$.metadata.a"),
    "decimal signalling nan": (Decimal("sNaN"), "$.metadata.a"),
    "decimal infinity": (Decimal("Infinity"), "$.metadata.a"),
    "decimal beyond doubles": (Decimal("1E+400"), "$.metadata.a"),
    "decimal below doubles": (Decimal("1E-400"), "$.metadata.a"),
    "decimal of a million digits": (Decimal("1E+999999"), "$.metadata.a"),
    "decimal with too many digits": (Decimal("0.12345678901234567891"), "$.metadata.a"),
    "decimal between two doubles": (Decimal(2**53 + 1), "$.metadata.a"),
    "integer too large": (2**53, "$.metadata.a"),
    "integer too small": (-(2**53), "$.metadata.a"),
    "integer of five thousand digits": (10**5000, "$.metadata.a"),
    "lone surrogate": (f"{PLANTED}\ud800", "$.metadata.a"),
    "lone surrogate in a subclass": (SafeText(f"{PLANTED}\udfff"), "$.metadata.a"),
    "in a list": ([1, (2.5, b"S3CRET")], "$.metadata.a[1][1]"),
    "in an object": ({"b": {"c": b"S3CRET"}}, "$.metadata.a.b.c"),
    "in a Struct": (UpdateCompany(name="\ud800"), "$.metadata.a.name"),
    "integer key": ({5: PLANTED}, "$.metadata.a"),
    "None key": ({None: PLANTED}, "$.metadata.a"),
    "bytes key": ({b"k": PLANTED}, "$.metadata.a"),
    "tuple key": ({("k",): PLANTED}, "$.metadata.a"),
    "__proto__": ({"__proto__": PLANTED}, "$.metadata.a"),
    "__proto__ in a list": ([{"__proto__": PLANTED}], "$.metadata.a[0]"),
    "lone surrogate in a key": ({"k\ud800": PLANTED}, "$.metadata.a"),
}


@pytest.mark.parametrize("first", ["text", 1.5], ids=["seen at a glance", "looked at closely"])
@pytest.mark.parametrize(("value", "path"), REFUSALS.values(), ids=REFUSALS)
def test_refusals_name_the_path_and_never_the_value(value: object, path: str, first: object) -> None:
    """The message begins with the path, nothing of the value is on the error, and no other error hangs behind it."""
    error = refusal(update({"first": first, "a": value}))

    assert path == error.path
    assert str(error).startswith(f"{path}: ")
    assert error.outcome is Outcome.NOT_SENT
    assert PLANTED not in f"{error!r}{vars(error)}"
    assert error.__context__ is None
    assert str(error).encode() != b""


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (UpdateCustomer(customer_id="\ud800"), "$.customer_id"),
        (UpdateCustomer(customer_id="c", company=UpdateCompany(name="김\udfff")), "$.company.name"),
        (
            UpdateCustomer(customer_id="c", company=UpdateCompany(authorized_user=AuthorizedUserDetails(dob="\ud83d"))),
            "$.company.authorized_user.dob",
        ),
    ],
    ids=["top", "company", "authorized user"],
)
def test_half_pairs_in_typed_fields_are_refused(request_: UpdateCustomer, path: str) -> None:
    """A text cut in the middle of an emoji is found in any field."""
    assert path == refusal(request_).path


ACCEPTED: dict[str, tuple[object, str]] = {
    "floats": ([1.0, -0.0, 100.0, 1e21, 1e-7, 0.1], "[1,0,100,1e+21,1e-7,0.1]"),
    "decimals": ([Decimal("10.00"), Decimal("1E+3"), Decimal("-0.0"), Decimal("0.10")], "[10,1000,0,0.1]"),
    "decimal that a double holds": (Decimal(2**53), "9007199254740992"),
    "largest integers": ([MAX_SAFE_INTEGER, -MAX_SAFE_INTEGER], "[9007199254740991,-9007199254740991]"),
    "index keys first": ({"b": 1, "10": 2, "2": 3, "a": 4, "0": 5}, '{"0":5,"2":3,"10":2,"b":1,"a":4}'),
    "index keys end at 2^32-2": (
        {"b": 0, "4294967295": 1, "4294967294": 2, "01": 3, "-1": 4, "1.5": 5},
        '{"4294967294":2,"b":0,"4294967295":1,"01":3,"-1":4,"1.5":5}',
    ),
    "digits of other scripts are no index": (
        {"b": 1, "1\uff11": 2, "\u0663": 3, "²": 4},
        '{"b":1,"1\uff11":2,"\u0663":3,"²":4}',
    ),
    "a line feed makes it no index": ({"b": 1, "5\n": 2}, '{"b":1,"5\\n":2}'),
    "index keys in a list": ([{"x": 0, "1": 0}], '[{"1":0,"x":0}]'),
    "tuples": ((1, (2, ())), "[1,[2,[]]]"),
    "null": ({"none": None, "list": [None]}, '{"none":null,"list":[null]}'),
    "booleans": ([True, False], "[true,false]"),
    "empty key": ({"": ""}, '{"":""}'),
    "subclass of str": (SafeText("<b>김</b>"), '"<b>김</b>"'),
    "subclass of str as a key": ({"x": 1, SafeText("7"): 2}, '{"7":2,"x":1}'),
    "StrEnum": ([Slug.NAME, CustomerType.COMPANY], '["name","company"]'),
    "StrEnum as a key": ({"x": 1, Slug.SEVEN: 2}, '{"7":2,"x":1}'),
    "IntEnum": (Level.HIGH, "3"),
    "Enum of a float": (Rate.HALF, "0.5"),
    "other mappings": (MappingProxyType({"x": OrderedDict([("b", 1.0), ("1", 2)])}), '{"x":{"1":2,"b":1}}'),
    "Struct": (UpdateCompany(name="", address_line2="/"), '{"name":"","address_line2":"/"}'),
    "controls": ("\x00\b\t\n\x0b\f\r\x1f\x7f\x80", '"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\x7f\x80"'),
    "separators and quotes": ('\u2028\u2029\ufeff/<"\\', '"\u2028\u2029\ufeff/<\\"\\\\"'),
}


@pytest.mark.parametrize(("value", "written"), ACCEPTED.values(), ids=ACCEPTED)
def test_metadata_is_written_as_javascript_writes_it(value: object, written: str) -> None:
    """Free-form metadata gets JavaScript's numbers and JavaScript's order of keys."""
    body = canonical_json(update({"m": value}))

    assert f'{{"customer_id":"c","metadata":{{"m":{written}}}}}'.encode() == body
    assert written.encode() == canonical_json(value)


def test_fields_are_written_in_the_order_of_the_struct() -> None:
    """The order of arguments does not matter, nor does the place of metadata."""
    request = UpdateCustomer(
        individual=UpdateIndividual(last_name="b", first_name="a"), description="", customer_id="c"
    )

    assert canonical_json(request) == (
        b'{"customer_id":"c","description":"","individual":{"first_name":"a","last_name":"b"}}'
    )


def test_a_request_is_not_changed_by_being_written() -> None:
    """The walk makes its own objects: order and values of the caller's stay as they were."""
    metadata = {"b": [1.0, {"z": 1, "3": 2}], "1": Decimal("1.50")}
    before = copy.deepcopy(metadata)

    canonical_json(update(metadata))

    assert before == metadata
    assert list(before) == list(metadata)


@pytest.mark.parametrize("precision", [1, 3])
def test_the_callers_decimal_context_does_not_matter(precision: int) -> None:
    """A program that computes with few digits still sends all of them."""
    with localcontext() as context:
        context.prec = precision
        context.Emax, context.Emin = 5, -5
        body = canonical_json({"d": Decimal("123.456789"), "f": 123456789.125, "e": 1e300})

    assert body == b'{"d":123.456789,"f":123456789.125,"e":1e+300}'


DEPTHS: dict[str, tuple[Callable[[int], object], int]] = {
    "plain objects": (nested, 0),
    "plain lists": (lambda levels: json.loads("[" * levels + "]" * levels), 0),
    "metadata": (lambda levels: update(nested(levels)), 1),
    "metadata with a float": (lambda levels: update({"f": 1.5, **nested(levels)}), 1),
    "a float at the bottom": (lambda levels: update(nested(levels, 1.5)), 1),
    "extra": (lambda levels: with_extra(nested(levels)), 0),
}


@pytest.mark.parametrize(("build", "around"), DEPTHS.values(), ids=DEPTHS)
def test_thirty_two_levels_pass_and_thirty_three_do_not(build: Callable[[int], object], around: int) -> None:
    """The limit counts the body itself as the first level, wherever the depth is."""
    deepest = canonical_json(build(MAX_DEPTH - around))
    error = refusal(build(MAX_DEPTH - around + 1))

    assert deepest.count(b"{") + deepest.count(b"[") >= MAX_DEPTH
    assert "32 levels" in str(error)


@pytest.mark.parametrize("place", [update, with_extra, lambda value: value], ids=["metadata", "extra", "plain"])
@pytest.mark.parametrize("value", [cycle(), nested(100_000)], ids=["cycle", "abyss"])
def test_bottomless_data_is_refused_like_deep_data(place: Callable[[object], object], value: object) -> None:
    """A structure that holds itself, or is very deep, ends in the one error, not in a RecursionError."""
    assert "32 levels" in str(refusal(place(value)))


EXTRAS: dict[str, tuple[object, bytes]] = {
    "behind the typed fields": ({"b": 1, "a": "x"}, b'{"customer_id":"c","b":1,"a":"x"}'),
    "empty": ({}, b'{"customer_id":"c"}'),
    "exact numbers": ({"amount": Decimal("10.50"), "n": 3}, b'{"customer_id":"c","amount":10.5,"n":3}'),
    "nested": ({"a": {"b": [{"c": None}]}}, b'{"customer_id":"c","a":{"b":[{"c":null}]}}'),
    "ordinary keys that look like numbers": ({"01": 1, "-1": 2}, b'{"customer_id":"c","01":1,"-1":2}'),
    "a typed name further in": ({"a": {"description": 1}}, b'{"customer_id":"c","a":{"description":1}}'),
    "another mapping": (MappingProxyType({SafeText("k"): Slug.NAME}), b'{"customer_id":"c","k":"name"}'),
}


@pytest.mark.parametrize(("extra", "body"), EXTRAS.values(), ids=EXTRAS)
def test_extra_follows_the_typed_fields(extra: object, body: bytes) -> None:
    """What the SDK does not name yet is spliced in behind, canonical like the rest."""
    assert body == canonical_json(with_extra(extra))


def test_extra_alone_is_a_whole_body() -> None:
    """No comma too many where no typed field is set."""
    nothing_typed = UpdateCustomer(customer_id=UNSET, extra={"a": 1})  # type: ignore[arg-type]  # empties the typed part

    assert canonical_json(nothing_typed) == b'{"a":1}'
    assert canonical_json(UpdateCompany()) == b"{}"


REFUSED_EXTRAS: dict[str, tuple[object, str]] = {
    "typed field": ({"description": "S3CRET"}, "$.extra.description"),
    "typed field that is unset": ({"organization_reference_id": "S3CRET"}, "$.extra.organization_reference_id"),
    "typed field as a subclass of str": ({SafeText("type"): "S3CRET"}, "$.extra.type"),
    "itself": ({"extra": {}}, "$.extra.extra"),
    "float": ({"amount": 10.5}, "$.extra.amount"),
    "float that is whole": ({"amount": 10.0}, "$.extra.amount"),
    "float further in": ({"a": [{"b": (1, 0.5)}]}, "$.extra.a[0].b[1]"),
    "float in an Enum": ({"a": Rate.HALF}, "$.extra.a"),
    "float in a Struct": ({"a": update({"m": 0.5})}, "$.extra.a.metadata.m"),
    "index key": ({"7": "S3CRET"}, "$.extra.7"),
    "index key further in": ({"a": [{"0": "S3CRET"}]}, "$.extra.a[0].0"),
    "index key as a StrEnum": ({"a": {Slug.SEVEN: "S3CRET"}}, "$.extra.a.7"),
    "bytes": ({"a": b"S3CRET"}, "$.extra.a"),
    "integer too large": ({"a": 2**53}, "$.extra.a"),
    "inexact decimal": ({"a": Decimal("0.12345678901234567891")}, "$.extra.a"),
    "__proto__": ({"__proto__": "S3CRET"}, "$.extra"),
    "integer key": ({5: "S3CRET"}, "$.extra"),
    "list": (["S3CRET"], "$.extra"),
    "None": (None, "$.extra"),
    "text": ("S3CRET", "$.extra"),
}


@pytest.mark.parametrize(("extra", "path"), REFUSED_EXTRAS.values(), ids=REFUSED_EXTRAS)
def test_extra_is_held_to_more_than_metadata(extra: object, path: str) -> None:
    """Money may travel there: no floats, no keys that JavaScript moves, no second way to set a typed field."""
    error = refusal(with_extra(extra))

    assert path == error.path
    assert str(error).startswith(f"{path}: ")
    assert PLANTED not in f"{error!r}{vars(error)}"


def test_a_refused_key_of_extra_can_be_printed() -> None:
    """The path of a bad key is itself fit for a log file in UTF-8."""
    error = refusal(with_extra({"k\ud800": 0.5}))

    assert b"$.extra" in str(error).encode()


class Twin(str):
    """A text that is equal to nothing but itself: two of them are two keys of one dict."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


@pytest.mark.parametrize(
    "metadata",
    [{Twin("a"): 1, Twin("a"): 2}, {"m": {Twin("__proto__"): 1}}],
    ids=["one key twice", "a hidden __proto__"],
)
def test_keys_with_an_equality_of_their_own_cannot_break_the_fixed_point(metadata: dict[str, object]) -> None:
    """Such keys are refused or written once: never bytes that JavaScript would change."""
    try:
        body = canonical_json(update(metadata))
    except InvalidRequest:
        return

    pairs: list[list[tuple[str, object]]] = []
    json.loads(body, object_pairs_hook=pairs.append)
    assert all(len(keys) == len({name for name, _ in keys}) and "__proto__" not in dict(keys) for keys in pairs)


def test_two_keys_of_one_text_are_refused() -> None:
    """Written once, one of the two values would be lost in silence."""
    assert "$.metadata: holds two keys of the same text" == str(refusal(update({Twin("a"): 1, Twin("a"): 2})))


class Tagged(msgspec.Struct, tag=True):
    data: dict[str, object]


class Listed(msgspec.Struct, array_like=True):
    data: dict[str, object]


class Brief(msgspec.Struct, omit_defaults=True):
    data: dict[str, object]
    note: str = "none"


@pytest.mark.parametrize("kind", [Tagged, Listed, Brief])
@pytest.mark.parametrize("number", [7, 7.5])
def test_structs_with_a_form_of_their_own_are_refused(kind: Callable[..., msgspec.Struct], number: float) -> None:
    """Tags, arrays and omitted defaults would be written one way or the other, as a float is among the data or not."""
    with pytest.raises(InvalidRequest, match="plain Struct"):
        canonical_json(kind({"n": number}))


class Counted(msgspec.Struct, frozen=True):
    number: int
    kind: Literal[1, 2] = 1


@pytest.mark.parametrize("field", ["number", "kind"])
def test_numbers_in_typed_fields_are_checked_like_others(field: str) -> None:
    """The constructor of a Struct checks nothing, and msgspec alone would write 1.0, or an integer beyond 2^53."""
    with pytest.raises(InvalidRequest, match="integer beyond") as caught:
        canonical_json(msgspec.structs.replace(Counted(1), **{field: 2**53}))

    assert f"$.{field}" == caught.value.path
    assert b'{"number":1,"kind":1}' == canonical_json(msgspec.structs.replace(Counted(1), **{field: 1.0}))


@given(json_documents)
def test_every_document_becomes_a_fixed_point(document: object) -> None:
    """Read back as JavaScript reads it (all numbers doubles), it means the same and is written the same."""
    body = canonical_json(document)

    again = json.loads(body, parse_int=float)
    assert again == json.loads(json.dumps(document), parse_int=float)
    assert body == canonical_json(again)


@given(json_objects)
def test_metadata_of_a_request_is_written_as_the_same_document_alone(metadata: dict[str, object]) -> None:
    """The plan that skips harmless Structs gives the same bytes as the walk over plain data."""
    expected = b'{"customer_id":"c","metadata":' + canonical_json(metadata) + b"}"

    assert expected == canonical_json(update(metadata))
    assert expected == canonical_json({"customer_id": "c", "metadata": metadata})


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"b": "x", "10": "y", "9": "z"}, b'{"9":"z","10":"y","b":"x"}'),
        ({"-1": "x", "a": "y"}, b'{"-1":"x","a":"y"}'),
        ({"a": "x", "n": 1}, b'{"a":"x","n":1}'),
        ({"a": "x", "n": 1.0}, b'{"a":"x","n":1}'),
    ],
    ids=["array indices", "like one", "a number", "a fraction"],
)
def test_metadata_of_texts_is_looked_through_on_the_way(metadata, expected):
    """The fast encoder and `normalize` give the same bytes."""
    made = canonical_json(UpdateCustomer(customer_id="c", metadata=metadata))

    assert b'{"customer_id":"c","metadata":' + expected + b"}" == made


@pytest.mark.parametrize("key", list(map(chr, range(ord(" "), 127))))
def test_digits_and_no_other_keys_are_moved_to_the_front(key: str) -> None:
    """Every printable key of one character: the bounds of the tests for digits are exact, also one level down."""
    texts = {"aa": "x", key: "y"}
    ordered = {key: "y", "aa": "x"} if key.isdigit() else texts
    written = json.dumps(ordered, separators=(",", ":")).encode()

    made = [canonical_json(UpdateCustomer(customer_id="c", metadata=data)) for data in (texts, {"in": texts})]

    assert b'{"customer_id":"c","metadata":' + written + b"}" == made[0]
    assert b'{"customer_id":"c","metadata":{"in":' + written + b"}}" == made[1]


def test_a_prototype_among_texts_is_refused():
    """JavaScript would not give this value back unchanged, so it is refused."""
    with pytest.raises(InvalidRequest):
        canonical_json(UpdateCustomer(customer_id="c", metadata={"a": "x", "__proto__": "y"}))
