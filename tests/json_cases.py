"""JSON material for the tests: stored vectors, seeded random request bodies, and hypothesis documents."""

import json
import math
import struct
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import strategies as st

from paycombat_async.schemas.customers import (
    AuthorizedUserDetails,
    CreateCompany,
    CreateCustomer,
    CustomerType,
    UpdateCompany,
    UpdateCustomer,
    UpdateIndividual,
)

VECTORS = Path(__file__).parent / "vectors"
NODE_SCRIPT = Path(__file__).parent / "node" / "canonical.js"

_PIECES = (
    *("a", "Z", "0", " ", "", "/", "\\", '"', "'", "<", "&", "</script>", "%", "{", "}", "[", ",", ":"),
    *("\x00", "\b", "\t", "\n", "\v", "\f", "\r", "\x1b", "\x1f", "\x7f", "\x80", "\x9f", "\xa0", "\xad"),
    *(
        "é",
        "e\u0301",
        "ß",
        "한국산업은행",
        "김",
        "山",
        "\u200b",
        "\u200d",
        "\u2028",
        "\u2029",
        "\ufeff",
        "\ufffd",
        "\uffff",
    ),
    *("😀", "👩‍💻", "🇰🇷", "\U00010000", "\U0010ffff", "\ud7ff", "\ue000", "\\u0041", "\\ud83d", "null", "1e400"),
)
_KEYS = (
    *("0", "1", "2", "9", "10", "42", "007", "01", "-1", "1.5", "1e3", "+1", " 1", "1\n", "1\u0661", "²", "½"),
    *("2147483648", "4294967294", "4294967295", "4294967296", "9999999999", "12345678901"),
    *("", "a", "A", "key", "constructor", "toString", "hasOwnProperty", "length", "prototype", "__proto", "proto__"),
    *("한", "é", "\u2028", '"', "\\/", "/", "\x00", "😀", "type", "extra"),
)
_NUMBERS = (
    *(0.0, -0.0, 1.0, -1.0, 100.0, 0.1, 0.2, 0.1 + 0.2, 1e-5, 1e-6, 1e-7, 1.5e-6, 1.5e-7, 9.5e-7),
    *(1e15, 1e16, 1e20, 1e21, 1e22, 1.5e21, 123456789012345680000.0, 999999999999999900000.0, 2.0**53, 2.0**70),
    *(5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 4.35, 1.005, 0.000001, 1234567.89),
)


class SafeText(str):
    """A text of another class than str, as web frameworks hand out."""

    __slots__ = ()


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def finite_double(rng: Random) -> float:
    """Any finite double: all bit patterns are equally likely."""
    while True:
        number: float = struct.unpack("<d", rng.randbytes(8))[0]
        if math.isfinite(number):
            return number


def price(rng: Random) -> float:
    """A number with one to three decimal places, as people write prices."""
    return round(rng.uniform(-1, 1) * 10.0 ** rng.randrange(1, 12), rng.randrange(1, 4))


def text(rng: Random) -> str:
    return "".join(rng.choices(_PIECES, k=rng.randrange(6)))


def key(rng: Random) -> str:
    """A key that does not end in a backslash.

    After an object with such a key, the JSON.parse of Node 24 (V8 13.6) misreads keys that end in an escaped character:
    `JSON.parse('{"\\\\":1}'); JSON.parse('{"\\"":1}')` gives the key of the first object for the second one.
    """
    return rng.choice(_KEYS) if rng.random() < 0.7 else text(rng).rstrip("\\") or str(rng.randrange(2**33))


def exact_decimal(rng: Random) -> Decimal:
    """A Decimal of at most 15 digits, which every double of that size holds."""
    return Decimal(rng.randrange(-(10**15) + 1, 10**15)).scaleb(-rng.randrange(20)) * rng.choice((1, Decimal("1.00")))


def scalar(rng: Random) -> object:
    makers = (
        lambda: text(rng),
        lambda: SafeText(text(rng)),
        lambda: finite_double(rng),
        lambda: price(rng),
        lambda: rng.choice(_NUMBERS),
        lambda: exact_decimal(rng),
        lambda: rng.randrange(-(2**53) + 1, 2**53),
        lambda: rng.choice((True, False, None, CustomerType.COMPANY)),
    )
    return rng.choice(makers)()


def tree(rng: Random, depth: int = 3) -> object:
    chance = rng.random() if depth else 1.0
    if chance < 0.2:
        return {key(rng): tree(rng, depth - 1) for _ in range(rng.randrange(5))}
    if chance < 0.35:
        items = [tree(rng, depth - 1) for _ in range(rng.randrange(4))]
        return items if rng.random() < 0.7 else tuple(items)
    return scalar(rng)


def metadata(rng: Random) -> Mapping[str, object]:
    return {key(rng): tree(rng) for _ in range(rng.randrange(7))}


def request(rng: Random) -> CreateCustomer | UpdateCustomer:
    """A whole request with hostile but legal content."""
    return rng.choice((_create, _update_company, _update_individual))(rng)


def _create(rng: Random) -> CreateCustomer:
    company = CreateCompany(
        name=text(rng), registration_number=text(rng), incorporation_country="KR", address_country=text(rng)
    )
    return CreateCustomer(description=text(rng), type="company", metadata=metadata(rng), company=company)


def _update_company(rng: Random) -> UpdateCustomer:
    user = AuthorizedUserDetails(first_name=text(rng), email="", dob=text(rng))
    company = UpdateCompany(name=text(rng), address_line2=text(rng), authorized_user=user)
    extra = {"account_usage_purpose": text(rng), "amount": exact_decimal(rng), text(rng) + "x": [text(rng), None]}
    return UpdateCustomer(customer_id=text(rng), metadata=metadata(rng), company=company, extra=extra)


def _update_individual(rng: Random) -> UpdateCustomer:
    individual = UpdateIndividual(first_name=text(rng), last_name=text(rng), nationality="")
    return UpdateCustomer(customer_id=text(rng), description=text(rng), metadata=metadata(rng), individual=individual)


unicode_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
safe_integers = st.integers(-(2**53) + 1, 2**53 - 1)
finite_floats = st.floats(allow_nan=False, allow_infinity=False)
array_indices = st.integers(0, 2**32).map(str)
object_keys = (unicode_text | array_indices).filter(lambda name: name != "__proto__")
json_scalars = st.none() | st.booleans() | safe_integers | finite_floats | unicode_text
json_documents = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(object_keys, inner, max_size=6),
    max_leaves=20,
)
json_objects = st.dictionaries(object_keys, json_documents, max_size=6)
