"""JavaScript's rules for printing numbers and for the order of an object's keys."""

import re

MAX_SAFE_INTEGER = 2**53 - 1  # JavaScript rounds integers above this number (Number.MAX_SAFE_INTEGER)
MAX_ARRAY_INDEX = 2**32 - 2  # JavaScript puts keys that are integers from 0 to this number first (ECMA-262, 6.1.7)
_ARRAY_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,9})\Z")
_LEAST_FIXED, _LARGEST_FIXED = -6, 20  # JavaScript prints no exponent for numbers from 1e-6 to below 1e21
_DIGITS = frozenset("0123456789")


def is_array_index(key: str) -> bool:
    return key[:1] in _DIGITS and _ARRAY_INDEX.match(key) is not None and int(key) <= MAX_ARRAY_INDEX


def js_number(number: float) -> str:
    """Returns a finite double as JavaScript prints it (ECMA-262, Number::toString, 6.1.6.1.20).

    Python's `repr` has the same digits, because both languages print the fewest digits that give the same double again.
    Only the decimal point and the exponent are placed differently.
    """
    mantissa, _, exponent = repr(number).partition("e")
    if not exponent:
        return mantissa.removesuffix(".0") if number else "0"
    power = int(exponent)
    if not _LEAST_FIXED <= power <= _LARGEST_FIXED:
        return f"{mantissa}e{power:+d}"
    sign, digits = "-" if number < 0 else "", mantissa.lstrip("-").replace(".", "")
    return sign + (digits.ljust(power + 1, "0") if power > 0 else f"0.{'0' * (-power - 1)}{digits}")
