"""Payin methods: https://docs.paycombat.com, group "Payin Method".

Every method raises `InvalidRequest` when an argument is invalid (nothing is sent then), `TransportError` when the
connection fails or the time is over, `ApiError` when the provider answers with an error, and `InvalidResponse` when the
answer cannot be decoded.
"""

from paycombat_async._engine.engine import Engine
from paycombat_async.endpoints import LIST_PAYIN_METHODS, RETRIEVE_PAYIN_METHOD
from paycombat_async.pagination import Listing, Pager
from paycombat_async.schemas.methods import PayinMethod


class PayinMethods:
    """`client.payin_methods`: the ways in which customers can pay."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self) -> Pager[PayinMethod]:
        """Returns a pager over all payin methods: `async for method in client.payin_methods.list()`.

        Nothing is sent before the pager is iterated; the GET is retried. As far as is known there is one page. The path
        is a guess.

        Provider's page: "Get All Payin Method" (its content is not public).
        """
        return Pager(self._engine, Listing(LIST_PAYIN_METHODS, None, {}))

    async def required_fields(self, payin_method_name: str) -> PayinMethod:
        """Returns a payin method, such as `au_bank_npp`, with the fields that a payin by this method requires.

        Retried: it changes nothing. The path is a guess.

        Provider's page: https://docs.paycombat.com/get-required-fields-by-payin-method-12823595e0
        """
        path = {"payin_method_name": payin_method_name}
        return (await self._engine.send(RETRIEVE_PAYIN_METHOD, None, path)).data
