"""Payout methods: https://docs.paycombat.com, group "Payout Method".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
answer cannot be decoded.
"""

from paycombat_async._engine.engine import Engine
from paycombat_async.endpoints import LIST_PAYOUT_METHODS
from paycombat_async.pagination import Listing, Pager
from paycombat_async.schemas.methods import PayoutMethod


class PayoutMethods:
    """`client.payout_methods`: the ways in which money can be paid out, and the fields that each way requires."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self) -> Pager[PayoutMethod]:
        """Returns a pager over all payout methods: `async for method in client.payout_methods.list()`.

        Nothing is sent before the pager is iterated. The request is a GET, which is retried after a failure. As far as
        is known, the list has only one page. The provider does not document the path, so it is a guess.

        Provider's page: "Get All Payout Method" (its content is not public).
        """
        return Pager(self._engine, Listing(LIST_PAYOUT_METHODS, None, {}))
