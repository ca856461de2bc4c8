"""Payin methods: https://docs.paycombat.com, group "Payin Method".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
"""

from paycombat_async._engine import Engine
from paycombat_async.endpoints import LIST_PAYIN_METHODS, RETRIEVE_PAYIN_METHOD
from paycombat_async.pagination import Listing, Pager
from paycombat_async.schemas.methods import PayinMethod


class PayinMethods:
    """`client.payin_methods`: the ways in which customers can pay."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self) -> Pager[PayinMethod]:
        """All payin methods, as far as is known on one page: `async for method in client.payin_methods.list()`.

        The path is a guess.

        Provider's page: Get All Payin Method (its body is not in the public record).
        """
        return Pager(self._engine, Listing(LIST_PAYIN_METHODS, None, {}))

    async def required_fields(self, payin_method_name: str) -> PayinMethod:
        """A payin method with the fields that a payin by it has to carry, such as `au_bank_npp`. The path is a guess.

        https://docs.paycombat.com/get-required-fields-by-payin-method-12823595e0
        """
        path = {"payin_method_name": payin_method_name}
        return (await self._engine.send(RETRIEVE_PAYIN_METHOD, None, path)).data
