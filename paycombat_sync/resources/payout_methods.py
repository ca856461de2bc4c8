"""Payout methods: https://docs.paycombat.com, group "Payout Method".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
"""

from paycombat_async.resources import payout_methods
from paycombat_async.schemas.methods import PayoutMethod
from paycombat_sync._runner import Runner
from paycombat_sync.pagination import Pager


class PayoutMethods:
    """`client.payout_methods`: the ways in which money can be sent, and what each wants to know of who gets it."""

    def __init__(self, runner: Runner, resource: payout_methods.PayoutMethods) -> None:
        self._runner = runner
        self._async = resource

    def list(self) -> Pager[PayoutMethod]:
        """All payout methods, as far as is known on one page: `for method in client.payout_methods.list()`.

        The path is a guess.

        Provider's page: Get All Payout Method (its body is not in the public record).
        """
        return Pager(self._runner, self._async.list())
