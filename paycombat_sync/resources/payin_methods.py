"""Payin methods: https://docs.paycombat.com, group "Payin Method".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
answer cannot be decoded.
"""

from paycombat_async.resources import payin_methods
from paycombat_async.schemas.methods import PayinMethod
from paycombat_sync._runner import Runner
from paycombat_sync.pagination import Pager


class PayinMethods:
    """`client.payin_methods`: the ways in which customers can pay."""

    def __init__(self, runner: Runner, resource: payin_methods.PayinMethods) -> None:
        self._runner = runner
        self._async = resource

    def list(self) -> Pager[PayinMethod]:
        """Returns a pager over all payin methods: `for method in client.payin_methods.list()`.

        Nothing is sent before the pager is iterated. The request is a GET, which is retried after a failure. As far as
        is known, the list has only one page. The provider does not document the path, so it is a guess.

        Provider's page: "Get All Payin Method" (its content is not public).
        """
        return Pager(self._runner, self._async.list())

    def required_fields(self, payin_method_name: str) -> PayinMethod:
        """Returns a payin method, such as `au_bank_npp`, with the fields that a payin with this method requires.

        Retried after a failure, because the call changes nothing. The path is a guess, because the provider's page
        shows it without /api/v1.

        Provider's page: https://docs.paycombat.com/get-required-fields-by-payin-method-12823595e0
        """
        return self._runner.run(self._async.required_fields, payin_method_name)
