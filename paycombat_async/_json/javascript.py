"""Numbers as JavaScript prints them."""

from decimal import Decimal


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
