"""JSON as nobody should send it: whole documents, and pieces to be put in the place of sound ones."""

import json
from typing import Final

from hypothesis import strategies as st

_DEPTHS: Final = (1, 31, 33, 200, 450, 600, 800, 950, 990, 1_100, 20_000)
_NAMES: Final = (
    *("status", "success", "message", "data", "code", "error", "errors", "status_code", "status_text", "request_id"),
    *("id", "customer_id", "order_id", "items", "total", "wire_amount", "metadata", "__proto__", "7", "", "\\ud800"),
)
_NUMBERS: Final = (
    *("0", "-0", "-0.0", "1E+2", "1e-400", "1e308", "1e309", "-1e400", "1e99999999999999999999", "0.1", "NaN", "01"),
    *("9007199254740993", "18446744073709551616", "9" * 400, "9" * 4_300, "9" * 4_301, "Infinity", "-Infinity", "1."),
    *("200", "204", "302", "400", "404", "408", "409", "500", "599", "1000", "1" + "0" * 30, "-1"),
)
_TEXTS: Final = (
    *(
        '""',
        '"NaN"',
        '"Infinity"',
        '"sNaN"',
        '"1e400"',
        '"1_0"',
        '" 10 "',
        '"\\ud83d"',
        '"\\udc00\\ud83d"',
        '"\\u0000"',
    ),
    *('"\\ud83d\\ude00"', '"\\\\ud83d"', '"true"', '"2026-02-30"', '"' + "x" * 3_000 + '"', '"\u2028\x7f"'),
)
_WORDS: Final = ("true", "false", "null", "{}", "[]", "[{}]", "{ }", "True", "undefined", "", '"', "[", "}")


def nested(levels: int, *, in_objects: bool) -> str:
    """So many brackets in each other."""
    return '{"a":' * levels + "1" + "}" * levels if in_objects else "[" * levels + "]" * levels


depths: Final = st.builds(nested, st.sampled_from(_DEPTHS), in_objects=st.booleans())
scalars: Final = (
    st.sampled_from(_NUMBERS)
    | st.sampled_from(_TEXTS)
    | st.sampled_from(_WORDS)
    | st.integers().map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.text(max_size=8).map(json.dumps)
)
_keys: Final = st.sampled_from(_NAMES) | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=4)


def _object(members: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f'"{key.replace(chr(34), "")}":{value}' for key, value in members) + "}"


def _array(items: list[str]) -> str:
    return "[" + ",".join(items) + "]"


# Of any type, sound or broken; keys may come twice.
texts: Final = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3).map(_array) | st.lists(st.tuples(_keys, inner), max_size=5).map(_object),
    max_leaves=8,
)
pieces: Final = texts | depths
