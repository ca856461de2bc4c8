"""Payins: https://docs.paycombat.com, group "Payin".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
answer cannot be decoded.
"""

from paycombat_async._engine.engine import Engine
from paycombat_async.endpoints import CREATE_PAYIN, CREATE_VIRTUAL_ACCOUNT, RETRIEVE_PAYIN, SIMULATE_PAYIN
from paycombat_async.schemas.payins import CreatePayin, CreateVirtualAccount, Payin, SimulatePayin, VirtualAccount


class Payins:
    """`client.payins`: payments that customers make to the merchant."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create(self, request: CreatePayin) -> Payin:
        """Requests a payment from a customer, and returns the payin. A webhook reports its final status later.

        Not safe to repeat, so it is retried only if the request was certainly not sent. The body is not documented, so
        pass its fields in `extra`. Only `payer_id`, which payins in KRW have, is a field of `CreatePayin`. After an
        error with `Outcome.UNKNOWN`, the payin may exist. Payins cannot be listed, so wait for the webhook, or search
        the dashboard for the error's `reference`, which is the `order_reference` in `extra`. With an intents store, a
        second call with the same `order_reference` is answered from the record of the first call, as described at
        `payouts.create`.

        Provider's page: https://docs.paycombat.com/create-payin-12823303e0
        """
        return (await self._engine.send(CREATE_PAYIN, request, {})).data

    async def simulate(self, request: SimulatePayin) -> object:
        """Makes a payin of the provider's sandbox succeed or fail.

        Returns the data of the answer as dicts and lists of JSON values. Not safe to repeat, so it is retried only if
        the request was certainly not sent. The provider does not document the path, so it is a guess. The fields of the
        body are a guess, too: `SimulatePayin(extra={"payin_id": …, "status": "SUCCESS"})`. If the provider tells you a
        path with an id in it, call `client.request("PATCH", path, body=…)` instead.

        Provider's page: https://docs.paycombat.com/simulate-payin-12814516e0
        """
        return (await self._engine.send(SIMULATE_PAYIN, request, {})).data

    async def retrieve(self, id: str) -> Payin:  # noqa: A002  # the provider's name for it
        """Returns the payin with this `id`. Raises `NotFound` if it does not exist.

        Retried after a failure, because the call changes nothing.

        Provider's page: https://docs.paycombat.com/retrieve-payin-12823155e0
        """
        return (await self._engine.send(RETRIEVE_PAYIN, None, {"id": id})).data

    async def create_virtual_account(self, request: CreateVirtualAccount) -> VirtualAccount:
        """Opens a virtual account (KRW) and returns it.

        When a callback has approved the virtual account, pass its `id` as the `payer_id` of a payin. Not safe to
        repeat, so it is retried only if the request was certainly not sent. The body is not documented, so pass its
        fields in `extra`.

        Provider's page: https://docs.paycombat.com/create-virtual-account-16406617e0
        """
        return (await self._engine.send(CREATE_VIRTUAL_ACCOUNT, request, {})).data
