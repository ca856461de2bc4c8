"""Amounts as people read them."""

from collections.abc import Mapping
from typing import Final

# The digits after the point, by ISO 4217; two for all other currencies of the sandbox.
_MINOR_DIGITS: Final[Mapping[str, int]] = {"KRW": 0}
_USUAL_MINOR_DIGITS: Final = 2


def money_text(amount: str, currency: str) -> str:
    """Returns an amount as in "AUD 1,234.50" or "KRW 50,000". `amount` has plain digits, as `amounts.text_of` writes.

    Digits below the currency's smallest unit are shown, too: nothing is rounded.
    """
    whole, _, rest = amount.partition(".")
    rest = rest.ljust(_MINOR_DIGITS.get(currency, _USUAL_MINOR_DIGITS), "0")
    # A no-break space keeps currency and amount in one line.
    return f"{currency}\N{NO-BREAK SPACE}{int(whole):,}{f'.{rest}' if rest else ''}"
