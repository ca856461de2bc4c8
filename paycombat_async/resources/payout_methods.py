"""Payout methods: https://docs.paycombat.com, group "Payout Method".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
"""

from paycombat_async._engine import Engine
from paycombat_async.endpoints import LIST_PAYOUT_METHODS
from paycombat_async.pagination import Listing, Pager
from paycombat_async.schemas.methods import PayoutMethod


class PayoutMethods:
    """`client.payout_methods`: the ways in which money can be sent, and what each wants to know of who gets it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self) -> Pager[PayoutMethod]:
        """All payout methods, as far as is known on one page: `async for method in client.payout_methods.list()`.

        The path is a guess.

        Provider's page: Get All Payout Method (its body is not in the public record).
        """
        return Pager(self._engine, Listing(LIST_PAYOUT_METHODS, None, {}))
