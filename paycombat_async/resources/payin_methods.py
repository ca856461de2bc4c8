"""Payin methods: https://docs.paycombat.com, group "Payin Method".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
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

        Nothing is sent before the pager is iterated. The request is a GET, which is retried after a failure. As far as
        is known, the list has only one page. The provider does not document the path, so it is a guess.

        Provider's page: "Get All Payin Method" (its content is not public).
        """
        return Pager(self._engine, Listing(LIST_PAYIN_METHODS, None, {}))

    async def required_fields(self, payin_method_name: str) -> PayinMethod:
        """Returns a payin method, such as `au_bank_npp`, with the fields that a payin with this method requires.

        Retried after a failure, because the call changes nothing. The path is a guess, because the provider's page
        shows it without /api/v1.

        Provider's page: https://docs.paycombat.com/get-required-fields-by-payin-method-12823595e0
        """
        path = {"payin_method_name": payin_method_name}
        return (await self._engine.send(RETRIEVE_PAYIN_METHOD, None, path)).data
