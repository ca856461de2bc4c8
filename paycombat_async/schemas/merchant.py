"""Responses about the merchant's own account.

https://docs.paycombat.com/get-balance-payout-19032470e0
"""

from decimal import Decimal

from paycombat_async.schemas._base import PublicResponse


class PayoutBalance(PublicResponse, frozen=True, kw_only=True):
    """The balance that can be paid out in one currency, in major units of that currency (dollars, not cents).

    Both fields are guesses, because the answer is not publicly documented. If they are None, read the whole answer in
    `raw` of the reply that `await paycombat.send(RETRIEVE_PAYOUT_BALANCE, None, currency="AUD")` returns.
    """

    currency: str | None = None
    balance: Decimal | None = None
