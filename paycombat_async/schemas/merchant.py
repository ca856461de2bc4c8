"""Responses about the merchant's own account.

https://docs.paycombat.com/get-balance-payout-19032470e0
"""

from decimal import Decimal

from paycombat_async.schemas._base import PublicResponse


class PayoutBalance(PublicResponse, frozen=True, kw_only=True):
    """What can be paid out in one currency, in whole units of that currency.

    Both fields are inferred: the answer is not publicly documented. Where they stay None, the whole answer is in
    `Reply.raw`: `await paycombat.send(RETRIEVE_PAYOUT_BALANCE, None, currency="AUD")`.
    """

    currency: str | None = None
    balance: Decimal | None = None
