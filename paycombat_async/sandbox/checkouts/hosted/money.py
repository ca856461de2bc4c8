"""Formats amounts of money for people."""

from collections.abc import Mapping
from typing import Final

# The currencies of the sandbox for which ISO 4217 has a number of digits after the point other than 2.
_MINOR_DIGITS: Final[Mapping[str, int]] = {"KRW": 0}
_USUAL_MINOR_DIGITS: Final = 2


def money_text(amount: str, currency: str) -> str:
    """Returns a text such as "AUD 1,234.50" or "KRW 50,000". `amount` is a str of plain digits, perhaps with a point.

    Nothing is rounded: digits below the currency's smallest unit are shown, too.
    """
    whole, _, rest = amount.partition(".")
    rest = rest.ljust(_MINOR_DIGITS.get(currency, _USUAL_MINOR_DIGITS), "0")
    # A no-break space keeps currency and amount in one line.
    return f"{currency}\N{NO-BREAK SPACE}{int(whole):,}{f'.{rest}' if rest else ''}"
