"""Payment methods: https://docs.paycombat.com, page "Get List Payment Method by Currency".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
"""

from paycombat_async.resources import payment_methods
from paycombat_async.schemas.methods import PayinMethod
from paycombat_sync._runner import Runner
from paycombat_sync.pagination import Pager


class PaymentMethods:
    """`client.payment_methods`: what a customer can choose from, by currency."""

    def __init__(self, runner: Runner, resource: payment_methods.PaymentMethods) -> None:
        self._runner = runner
        self._async = resource

    def list(self, currency: str) -> Pager[PayinMethod]:
        """The payment methods for a currency (ISO 4217): `for method in client.payment_methods.list("AUD")`.

        The record does not show the path: give it to the client as `paths={"payment_methods.list": …}`, else this
        raises `ConfigurationError`. The currency goes where your template says `{currency}`, else into the query.

        Provider's page: Get List Payment Method by Currency (its body is not in the public record).
        """
        return Pager(self._runner, self._async.list(currency))
