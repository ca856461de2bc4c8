"""JavaScript's `JSON.stringify(JSON.parse(text))`, written after ECMA-262.

The sandbox checks the signature of a request against this text, as a server in JavaScript would. This module shares no
code with the client's JSON encoder. So a mistake in one of the two is not hidden: it leads to a refused signature.
"""

import json
import re
from collections.abc import Callable
from json.encoder import encode_basestring
from types import NoneType
from typing import Any, NoReturn

_DIGITS_OF_A_SAFE_INTEGER = 15  # a double can hold every integer of up to 15 digits exactly
_LARGEST_INDEX = 2**32 - 2
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_DIGITS = frozenset("0123456789")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_REPR = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]+)(?:\.(?P<fraction>[0-9]+))?(?:e(?P<exponent>[-+][0-9]+))?")


def stringify(text: str) -> str:
    """Returns the str that `JSON.stringify(JSON.parse(text))` returns in JavaScript.

    Raises `ValueError` if `JSON.parse` would refuse the text, or if its nesting exceeds Python's recursion limit.
    """
    try:
        printed = _print(_PARSER.decode(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # The parser has joined surrogate pairs. If a lone surrogate remains, JavaScript escapes it (ECMA-262, 25.5.2.3).
    return printed if printed.isascii() else _LONE_SURROGATE.sub(_escaped, printed)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS_OF_A_SAFE_INTEGER else float(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


# If a key occurs twice, a Python dict keeps the first position and the last value, as an object of JavaScript does.
_PARSER = json.JSONDecoder(parse_int=_integer, parse_constant=_no_constant)


def _print(value: Any) -> str:
    return _PRINTERS[type(value)](value)


def _object(members: dict[str, Any]) -> str:
    if not _DIGITS.isdisjoint("".join([key[:1] for key in members])):
        members = dict(sorted(members.items(), key=_place))
    printed = [
        # Most values are str. A str is printed without a call of `_print`, which halves the time for a body.
        f"{encode_basestring(key)}:{encode_basestring(item) if type(item) is str else _print(item)}"
        for key, item in members.items()
    ]
    return "{" + ",".join(printed) + "}"


def _place(member: tuple[str, Any]) -> int:
    """Returns the sort key of a member of a JSON object. In JavaScript, array indices come first, in numeric order.

    All other members get the same sort key, and so stay in their order (ECMA-262, 10.1.11.1).
    """
    key = member[0]
    index = int(key) if _INDEX.fullmatch(key) else _LARGEST_INDEX + 1
    return min(index, _LARGEST_INDEX + 1)


def _array(items: list[Any]) -> str:
    return "[" + ",".join([_print(item) for item in items]) + "]"


def _number(value: float) -> str:
    """Returns the number as JavaScript prints it (ECMA-262, 6.1.6.1.20), or "null" for infinity (25.5.2.2)."""
    if value == 0:
        return "0"
    parts = _REPR.fullmatch(repr(value))
    if parts is None:
        return "null"
    whole, fraction = parts["whole"], parts["fraction"] or ""
    significant = (whole + fraction).lstrip("0")
    n = len(whole) + int(parts["exponent"] or 0) - (len(whole + fraction) - len(significant))
    return parts["sign"] + _placed(significant.rstrip("0"), n)


def _placed(digits: str, n: int) -> str:
    """Returns the digits of a number with a decimal point after digit `n`, or with an exponent.

    The rules are those of Number::toString in ECMA-262.
    """
    k = len(digits)
    if k <= n <= 21:
        return digits + "0" * (n - k)
    if 0 < n <= 21:
        return digits[:n] + "." + digits[n:]
    if -6 < n <= 0:
        return "0." + "0" * -n + digits
    exponent = f"e{'+' if n > 0 else '-'}{abs(n - 1)}"
    return digits + exponent if k == 1 else digits[0] + "." + digits[1:] + exponent


def _boolean(value: bool) -> str:  # noqa: FBT001  # it is the value to print, not a switch
    return "true" if value else "false"


def _null(_value: None) -> str:
    return "null"


_PRINTERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    dict: _object,
    list: _array,
    int: str,
    float: _number,
    bool: _boolean,
    NoneType: _null,
}
