"""Amounts of money in the sandbox: read digit by digit from the wire, kept as text, added exactly."""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Final

from msgspec import Raw

from paycombat_async.sandbox.refusals import bad_request

# Amounts have at most 15 digits before the point and 20 behind it; sums of very many of them fit, or it is an error.
_EXACT: Final = Context(prec=60, traps=[Inexact, InvalidOperation])
_MAX_DIGITS: Final = 15
_LIMIT: Final = Decimal(10) ** 15
_SMALLEST: Final = Decimal("0.000001")
_NUMBER: Final = re.compile(rb"[0-9]+(?:\.[0-9]+)?", re.ASCII)


def read_amount(raw: Raw, path: str) -> Decimal:
    """The amount that the JSON says. Refused with 400 unless it is a number above 0 that a double holds exactly."""
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
    """The sum, whatever decimal context the caller has."""
    return _EXACT.add(one, other)


def minus(amount: Decimal) -> Decimal:
    """The same amount with the other sign."""
    return amount.copy_negate() if amount else amount


def text_of(amount: Decimal) -> str:
    """As JavaScript prints numbers of this size: neither an exponent nor zeros at the end."""
    return format(_EXACT.normalize(amount), "f")
