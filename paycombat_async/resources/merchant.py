"""The merchant's own account: https://docs.paycombat.com, group "Merchant".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
"""

from paycombat_async._engine import Engine
from paycombat_async.endpoints import RETRIEVE_PAYOUT_BALANCE
from paycombat_async.schemas.merchant import PayoutBalance


class Merchant:
    """`client.merchant`: what the merchant has."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def payout_balance(self, currency: str) -> PayoutBalance:
        """What can be paid out in a currency (ISO 4217). The fields of the answer are a guess: they may be None.

        https://docs.paycombat.com/get-balance-payout-19032470e0
        """
        return (await self._engine.send(RETRIEVE_PAYOUT_BALANCE, None, {"currency": currency})).data
