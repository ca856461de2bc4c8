"""Payout methods: https://docs.paycombat.com, group "Payout Method".

Every method raises `InvalidRequest` when an argument is invalid (nothing is sent then), `TransportError` when the
connection fails or the time is over, `ApiError` when the provider answers with an error, and `InvalidResponse` when the
answer cannot be decoded.
"""

from paycombat_async._engine.engine import Engine
from paycombat_async.endpoints import LIST_PAYOUT_METHODS
from paycombat_async.pagination import Listing, Pager
from paycombat_async.schemas.methods import PayoutMethod


class PayoutMethods:
    """`client.payout_methods`: the ways in which money can be paid out, and what each requires of the beneficiary."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self) -> Pager[PayoutMethod]:
        """Returns a pager over all payout methods: `async for method in client.payout_methods.list()`.

        Nothing is sent before the pager is iterated; the GET is retried. As far as is known there is one page. The path
        is a guess.

        Provider's page: "Get All Payout Method" (its content is not public).
        """
        return Pager(self._engine, Listing(LIST_PAYOUT_METHODS, None, {}))
