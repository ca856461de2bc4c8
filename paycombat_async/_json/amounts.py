"""Checks amounts of money: only a `Decimal` or `int` that a JSON number represents exactly can be sent.

The provider's JavaScript reads an amount exactly as it was written if the amount is at least 0.000001 and has at most
15 significant digits. The reason: a double (IEEE 754) keeps 15 significant digits of any decimal number, and JavaScript
prints a number of 0.000001 or more without an exponent.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import TypeGuard

import msgspec
from msgspec import UNSET, Struct

from paycombat_async._json.annotations import is_struct, members
from paycombat_async.errors import InvalidRequest

MAX_DIGITS = 15
SMALLEST = Decimal("0.000001")
LIMIT = Decimal(10) ** 15
_LIMIT = int(LIMIT)
# msgspec writes amounts below this limit with an exponent, such as 1e-6. The provider's JavaScript writes 0.000001
# instead, so the signatures would differ.
_LEAST_PLAIN = 0.00001
_LONGEST = 64  # a str with this many characters or more is no amount, and is not parsed
_WRITTEN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?\Z", re.ASCII)


def check_amounts(kind: type[Struct], value: object, path: str = "$") -> None:
    """Raises `InvalidRequest` with path and reason for the first amount in `value` that cannot be sent.

    `value` is a Struct of type `kind`, or a dict with the fields of that Struct. In a dict, an amount may also be a str
    or a float. A float with at most 15 digits is accepted, because it has exactly the digits of the JSON text that it
    was decoded from.
    """
    for name, part in _amount_fields(kind):
        found = _field_value(value, name)
        if part is not None:
            check_amounts(part, found, f"{path}.{name}")
        elif found is not UNSET:
            check_amount(found if isinstance(value, Struct) else _number_in_data(found), f"{path}.{name}")


def _field_value(value: object, name: str) -> object:
    """Returns a field of a Struct or mapping, or UNSET if `value` does not have the field or is of another type."""
    if _is_mapping(value):
        return value.get(name, UNSET)
    return getattr(value, name, UNSET) if isinstance(value, Struct) else UNSET


def _is_mapping(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, Mapping)


def check_amount(value: object, path: str) -> None:
    """Raises `InvalidRequest` if this amount cannot be sent. The message has the reason, but not the amount."""
    reason = _violation(value)
    if reason:
        raise InvalidRequest(f"{path}: {reason}", path=path)


def plain_amount(value: object) -> int | float | None:
    """Returns a common amount as an int or float that msgspec prints exactly as JavaScript does. Is fast.

    Returns None for any other value, even if it is a valid amount. The caller then uses the slower functions:
    `check_amount` checks the value, and `normalize` writes it.
    """
    if type(value) is int:
        return value if 0 <= value < _LIMIT else None
    # The longest possible amount has 15 digits and a point, so 16 characters. If it has 16 digits and no point, it is
    # not less than `_LIMIT`.
    if type(value) is not Decimal or not value.is_finite() or len(str(value)) > MAX_DIGITS + 1:
        return None
    # Comparing floats takes a fifth of the time of comparing Decimals. The comparison is exact, because two different
    # numbers with 15 digits are never the same float.
    number = float(value)
    if not _LEAST_PLAIN <= number < _LIMIT:
        return None
    return int(number) if number.is_integer() else number


def _violation(value: object) -> str | None:
    if isinstance(value, float):
        return "an amount is a Decimal or int; a float does not hold most amounts exactly"
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        return f"an amount is a Decimal or int, got {type(value).__name__}"
    amount = Decimal(value)
    return next((reason for is_wrong, reason in _VIOLATIONS if is_wrong(amount)), None)


def significant_digits(amount: Decimal) -> int:
    """Returns the number of digits of a finite amount, without counting zeros at the beginning and at the end."""
    return len("".join(map(str, amount.as_tuple().digits)).strip("0"))


# The check for NaN comes first, because comparing with NaN raises.
_VIOLATIONS: tuple[tuple[Callable[[Decimal], bool], str], ...] = (
    (lambda amount: not amount.is_finite(), "NaN and infinity are no amounts"),
    (lambda amount: amount < 0, "an amount is not negative"),
    (lambda amount: 0 < amount < SMALLEST, f"an amount is 0, or at least {SMALLEST}"),
    (lambda amount: amount >= LIMIT, "an amount is below 10^15"),
    (lambda amount: significant_digits(amount) > MAX_DIGITS, f"an amount has at most {MAX_DIGITS} significant digits"),
)


def _number_in_data(value: object) -> object:
    """Returns a str such as "12.50", or a float, as a Decimal with the same digits. Returns other values unchanged."""
    if isinstance(value, float):
        return Decimal(float.__repr__(value))
    return Decimal(value) if isinstance(value, str) and len(value) < _LONGEST and _WRITTEN.match(value) else value


@cache
def _amount_fields(kind: type[Struct]) -> tuple[tuple[str, type[Struct] | None], ...]:
    return tuple(_fields_with_amounts(kind))


def _fields_with_amounts(kind: type[Struct]) -> Iterator[tuple[str, type[Struct] | None]]:
    """Yields a pair for each field with amounts.

    The pair is `(name, None)` if the field may hold an amount, or `(name, type)` if the field may hold a Struct of this
    type that has amounts itself.
    """
    for field in msgspec.structs.fields(kind):
        kinds = members(field.type)
        if Decimal in kinds:
            yield field.encode_name, None
        for member in filter(is_struct, kinds):
            if _amount_fields(member):
                yield field.encode_name, member
