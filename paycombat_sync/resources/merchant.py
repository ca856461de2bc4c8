"""The merchant's own account: https://docs.paycombat.com, group "Merchant".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
answer cannot be decoded.
"""

from paycombat_async.resources import merchant
from paycombat_async.schemas.merchant import PayoutBalance
from paycombat_sync._runner import Runner


class Merchant:
    """`client.merchant`: the merchant's own account."""

    def __init__(self, runner: Runner, resource: merchant.Merchant) -> None:
        self._runner = runner
        self._async = resource

    def payout_balance(self, currency: str) -> PayoutBalance:
        """Returns the balance available for payouts in a currency (ISO 4217 code), in units of that currency.

        Retried after a failure, because the call changes nothing. The provider does not document the answer. The names
        of its fields are guesses, so all fields may be None.

        Provider's page: https://docs.paycombat.com/get-balance-payout-19032470e0
        """
        return self._runner.run(self._async.payout_balance, currency)
