"""The merchant's own account: https://docs.paycombat.com, group "Merchant".

Every method raises `InvalidRequest` when an argument is invalid (nothing is sent then), `TransportError` when the
connection fails or the time is over, `ApiError` when the provider answers with an error, and `InvalidResponse` when the
answer cannot be decoded.
"""

from paycombat_async._engine.engine import Engine
from paycombat_async.endpoints import RETRIEVE_PAYOUT_BALANCE
from paycombat_async.schemas.merchant import PayoutBalance


class Merchant:
    """`client.merchant`: the merchant's own account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def payout_balance(self, currency: str) -> PayoutBalance:
        """Returns the balance available for payouts in a currency (ISO 4217 code), in units of that currency.

        Retried: it changes nothing. The field names of the answer are guesses, so all of them may be None.

        Provider's page: https://docs.paycombat.com/get-balance-payout-19032470e0
        """
        return (await self._engine.send(RETRIEVE_PAYOUT_BALANCE, None, {"currency": currency})).data
