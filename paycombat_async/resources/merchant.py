"""The merchant's own account: https://docs.paycombat.com, group "Merchant".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
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

        Retried after a failure, because the call changes nothing. The provider does not document the answer. The names
        of its fields are guesses, so all fields may be None.

        Provider's page: https://docs.paycombat.com/get-balance-payout-19032470e0
        """
        return (await self._engine.send(RETRIEVE_PAYOUT_BALANCE, None, {"currency": currency})).data
