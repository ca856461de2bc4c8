"""Payout methods: https://docs.paycombat.com, group "Payout Method".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
answer cannot be decoded.
"""

from paycombat_async.resources import payout_methods
from paycombat_async.schemas.methods import PayoutMethod
from paycombat_sync._runner import Runner
from paycombat_sync.pagination import Pager


class PayoutMethods:
    """`client.payout_methods`: the ways in which money can be paid out, and the fields that each way requires."""

    def __init__(self, runner: Runner, resource: payout_methods.PayoutMethods) -> None:
        self._runner = runner
        self._async = resource

    def list(self) -> Pager[PayoutMethod]:
        """Returns a pager over all payout methods: `for method in client.payout_methods.list()`.

        Nothing is sent before the pager is iterated. The request is a GET, which is retried after a failure. As far as
        is known, the list has only one page. The provider does not document the path, so it is a guess.

        Provider's page: "Get All Payout Method" (its content is not public).
        """
        return Pager(self._runner, self._async.list())
