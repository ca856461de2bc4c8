"""The merchant's own account: https://docs.paycombat.com, group "Merchant".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
"""

from paycombat_async.resources import merchant
from paycombat_async.schemas.merchant import PayoutBalance
from paycombat_sync._runner import Runner


class Merchant:
    """`client.merchant`: what the merchant has."""

    def __init__(self, runner: Runner, resource: merchant.Merchant) -> None:
        self._runner = runner
        self._async = resource

    def payout_balance(self, currency: str) -> PayoutBalance:
        """What can be paid out in a currency (ISO 4217). The fields of the answer are a guess: they may be None.

        https://docs.paycombat.com/get-balance-payout-19032470e0
        """
        return self._runner.run(self._async.payout_balance, currency)
