"""Exact arithmetic for amounts of money.

Amounts are read from the digits in the JSON, stored as str, and added without rounding.
"""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Final

from msgspec import Raw

from paycombat_async.sandbox.refusals import bad_request

# An amount has at most 15 digits before the point and 20 after it. At a precision of 60 digits, any realistic sum of
# amounts is exact. If a result would be rounded, `decimal.Inexact` is raised.
_EXACT: Final = Context(prec=60, traps=[Inexact, InvalidOperation])
_MAX_DIGITS: Final = 15
_LIMIT: Final = Decimal(10) ** 15
_SMALLEST: Final = Decimal("0.000001")
_NUMBER: Final = re.compile(rb"[0-9]+(?:\.[0-9]+)?", re.ASCII)


def read_amount(raw: Raw, path: str) -> Decimal:
    """Returns the amount of money in a JSON number. `path` is the path of the field, for the error message.

    Raises `Refused` (HTTP 400) unless the amount is at least 0.000001 and less than 10^15, and has at most 15
    significant digits.
    """
    written = bytes(raw)
    if not _NUMBER.fullmatch(written):
        raise bad_request(f"{path}: expected a number, without sign or exponent")
    amount = Decimal(written.decode("ascii"))
    if not _SMALLEST <= amount < _LIMIT:
        raise bad_request(f"{path}: expected an amount from {_SMALLEST} up to 10^15")
    if len(written.replace(b".", b"").strip(b"0")) > _MAX_DIGITS:
        raise bad_request(f"{path}: expected {_MAX_DIGITS} significant digits at most")
    return amount


def plus(one: Decimal, other: Decimal) -> Decimal:
    """Returns the exact sum of two amounts. The rounding rules of the caller's decimal context do not apply."""
    return _EXACT.add(one, other)


def minus(amount: Decimal) -> Decimal:
    """Returns the amount with the opposite sign. For 0, returns 0 and not -0."""
    return amount.copy_negate() if amount else amount


def text_of(amount: Decimal) -> str:
    """Returns the amount as a str of plain digits, without an exponent or trailing zeros."""
    return format(_EXACT.normalize(amount), "f")
