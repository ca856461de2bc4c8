"""The opening balances: the merchant's money in each currency before the first payin or payout."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from paycombat_async.errors import ConfigurationError

DEFAULT_BALANCE: Final = Decimal(1_000_000)


class Openings:
    """The merchant's opening balance in each currency.

    If `given` is None, every currency has the balance 1,000,000. Otherwise the balance is the amount in `given`, or 0
    for a currency that is not in `given`.
    """

    def __init__(self, given: Mapping[str, Decimal | int] | None) -> None:
        """Raises `ConfigurationError` if an amount is negative, not finite, or neither `Decimal` nor `int`."""
        self._rest = DEFAULT_BALANCE if given is None else Decimal(0)
        self._given = {currency: _checked(currency, amount) for currency, amount in (given or {}).items()}

    def of(self, currency: str) -> Decimal:
        """Returns the merchant's opening balance in this currency."""
        return self._given.get(currency, self._rest)


def _checked(currency: str, amount: object) -> Decimal:
    if isinstance(amount, bool) or not isinstance(amount, Decimal | int):
        raise ConfigurationError(f"balances[{currency!r}]: an amount is a Decimal or int, got {type(amount).__name__}")
    exact = Decimal(amount)
    if not exact.is_finite() or exact < 0:
        raise ConfigurationError(f"balances[{currency!r}]: expected an amount of 0 or more")
    return exact
