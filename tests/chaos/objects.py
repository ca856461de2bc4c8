"""Python objects of all sorts: sound JSON data with hard cases in it, and now and then what has no form in JSON."""

from collections import OrderedDict, UserDict
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final
from uuid import UUID

from hypothesis import strategies as st
from msgspec import UNSET, Raw, Struct

from tests.json_cases import SafeText, safe_integers, unicode_text


class Word(StrEnum):
    PLAIN = "plain"
    INDEX = "7"
    PROTO = "__proto__"
    HALF = "\ud800"


class Figure(IntEnum):
    SMALL = 1
    HUGE = 2**60


class Holder(Enum):
    FLOAT = 0.1
    NAN = float("nan")
    LIST = ([1.5, "x"],)
    NOTHING = None
    THING = object()


class Number(int):
    """A number of another class than int."""


class Free(Struct):
    """A Struct of the user's own, in which anything may stand."""

    a: object = UNSET
    b: object = UNSET


class Renamed(Struct, rename={"a": "z"}):
    a: str = "x"
    b: object = None


_HARD: Final = [
    *(0.0, -0.0, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 123456789012345680000.0),
    *map(Decimal, ["0", "-0", "0.10", "1E+2", "1E-7", "123456789.125"]),
    *(
        2**53 - 1,
        1 - 2**53,
        SafeText("é"),
        Word.PLAIN,
        Word.INDEX,
        Figure.SMALL,
        Holder.FLOAT,
        Holder.LIST,
        Holder.NOTHING,
    ),
]
_ODD: Final = [
    *map(Decimal, ["1E-400", "1E+400", "NaN", "sNaN", "-Infinity", "0.1234567890123456789", "9007199254740993"]),
    *(float("nan"), float("inf"), 2**53, 2**53 + 1, -(2**53) - 1, 10**400, "\ud800", "a\udc00"),
    *(Word.HALF, Figure.HUGE, Holder.NAN, Holder.THING, UNSET, Raw(b'{"b":1,"a":2}'), Number(5), Fraction(1, 3), 1j),
    *(b"x", bytearray(b"x"), date(2026, 1, 2), UUID(int=1), {1, 2}, frozenset("a"), range(3), object, len),
    *(SimpleNamespace(a=1), Ellipsis, NotImplemented),
]
_KEYS: Final = ["a", "b", "0", "10", "9", "4294967294", "4294967295", "-1", "01", "", "é", SafeText("s"), Word.INDEX]
_ODD_KEYS: Final = ["__proto__", Word.PROTO, "\udc00", 5, None, 1.5, (1,), True, b"a"]
_MAPPINGS: Final[list[Callable[[dict[Any, object]], Mapping[Any, object]]]] = [
    dict,
    OrderedDict,
    UserDict,
    MappingProxyType,
]

_sound: Final = (
    st.sampled_from(_HARD)
    | st.none()
    | st.booleans()
    | safe_integers
    | st.floats(allow_nan=False, allow_infinity=False)
    | unicode_text
)
_odd: Final = st.sampled_from(_ODD) | st.floats() | st.decimals() | st.integers() | st.text(max_size=4)
_sound_keys: Final = st.sampled_from(_KEYS) | unicode_text


def _data(scalars: st.SearchStrategy[object], keys: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    def around(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
        found = st.dictionaries(keys, inner, max_size=5)
        return (
            st.lists(inner, max_size=4)
            | st.lists(inner, max_size=3).map(tuple)
            | st.builds(lambda kind, members: kind(members), st.sampled_from(_MAPPINGS), found)
            | st.builds(Free, a=inner, b=inner)
            | st.builds(Renamed, b=inner)
        )

    return st.recursive(scalars, around, max_leaves=10)


odd_keys: Final = st.sampled_from(_ODD_KEYS)
keys: Final = _sound_keys | odd_keys
scalars: Final = _sound | _odd
_all_sound: Final = _data(_sound, _sound_keys)
# Where much is odd, the first of it is refused: so the rest is looked at where little is.
objects: Final = st.one_of(_all_sound, _all_sound, _data(_sound, keys), _data(scalars, _sound_keys), _odd)
