"""What JavaScript does with numbers and keys."""

import re
from decimal import Decimal

MAX_SAFE_INTEGER = 2**53 - 1  # Number.MAX_SAFE_INTEGER: beyond it JavaScript changes digits
MAX_ARRAY_INDEX = 2**32 - 2  # ECMA-262, 6.1.7: keys up to here are moved to the front
_ARRAY_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,9})\Z")
_DIGITS = frozenset("0123456789")


def is_array_index(key: str) -> bool:
    return key[:1] in _DIGITS and _ARRAY_INDEX.match(key) is not None and int(key) <= MAX_ARRAY_INDEX


def js_number(number: float) -> str:
    """A finite double as JavaScript prints it: ECMA-262, Number::toString (6.1.6.1.20)."""
    if number == 0:
        return "0"
    sign, all_digits, exponent = Decimal(repr(number)).as_tuple()
    point = len(all_digits) + int(exponent)  # the value is 0.DIGITS * 10^point
    digits = "".join(map(str, all_digits)).rstrip("0")
    return ("-" if sign else "") + _with_point(digits, point)


def _with_point(digits: str, point: int) -> str:
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"
