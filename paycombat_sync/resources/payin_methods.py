"""Payin methods: https://docs.paycombat.com, group "Payin Method".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
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
        """All payin methods, as far as is known on one page: `for method in client.payin_methods.list()`.

        The path is a guess.

        Provider's page: Get All Payin Method (its body is not in the public record).
        """
        return Pager(self._runner, self._async.list())

    def required_fields(self, payin_method_name: str) -> PayinMethod:
        """A payin method with the fields that a payin by it has to carry, such as `au_bank_npp`. The path is a guess.

        https://docs.paycombat.com/get-required-fields-by-payin-method-12823595e0
        """
        return self._runner.run(self._async.required_fields, payin_method_name)
