"""JavaScript's `JSON.stringify(JSON.parse(text))` in Python, from bytes to bytes.

The provider signs `JSON.stringify(data)`. If a proxy has changed the escapes or spaces of a body, the signature is no
longer valid for the received bytes. But it is valid for the bytes that `stringify(received)` returns.
"""

import json
import math
from collections.abc import Callable
from json.encoder import encode_basestring
from types import NoneType
from typing import Any, Final, NoReturn

from paycombat_async._json.javascript import is_array_index, js_number

_SAFE_DIGITS: Final = 15  # a double holds an integer with up to 15 digits exactly, because it is below 2^53


def stringify(body: bytes) -> bytes:
    """Returns the JSON body as JavaScript would print it after it has parsed it.

    Raises `ValueError` if it is not JSON in UTF-8, starts with a byte order mark, or is nested too deeply for Python.
    """
    try:
        printed = _print(_PARSER.decode(body.decode("utf-8")))
        # Only lone surrogates cannot be encoded. Python's error handler "backslashreplace" writes them as escapes, such
        # as \ud800, and so does `JSON.stringify`.
        return printed.encode("utf-8", "backslashreplace")
    except (ValueError, RecursionError):
        pass  # a new error is raised below, because the parser's error contains the body
    raise ValueError("no JSON in UTF-8, or nested too deeply")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _SAFE_DIGITS else float(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


# If a key is repeated, a Python dict keeps its first position and its last value, like a JavaScript object.
_PARSER: Final = json.JSONDecoder(parse_int=_integer, parse_constant=_no_constant)


def _print(value: Any) -> str:
    return _FORMS[type(value)](value)


def _object(members: dict[str, Any]) -> str:
    indices = [key for key in members if is_array_index(key)]
    if indices:
        members = {key: members[key] for key in sorted(indices, key=int)} | members
    printed = [f"{encode_basestring(key)}:{_FORMS[type(item)](item)}" for key, item in members.items()]
    return "{" + ",".join(printed) + "}"


def _array(items: list[Any]) -> str:
    return "[" + ",".join([_FORMS[type(item)](item) for item in items]) + "]"


def _double(value: float) -> str:
    return js_number(value) if math.isfinite(value) else "null"


_FORMS: Final[dict[type, Callable[[Any], str]]] = {
    str: encode_basestring,
    dict: _object,
    list: _array,
    int: int.__repr__,
    float: _double,
    bool: {True: "true", False: "false"}.__getitem__,
    NoneType: lambda _null: "null",
}
