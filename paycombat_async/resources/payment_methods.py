"""Payment methods: https://docs.paycombat.com, page "Get List Payment Method by Currency".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
"""

from paycombat_async._engine import Engine
from paycombat_async.endpoints import LIST_PAYMENT_METHODS
from paycombat_async.pagination import Listing, Pager
from paycombat_async.schemas.methods import PayinMethod


class PaymentMethods:
    """`client.payment_methods`: what a customer can choose from, by currency."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self, currency: str) -> Pager[PayinMethod]:
        """The payment methods for a currency (ISO 4217): `async for method in client.payment_methods.list("AUD")`.

        The record does not show the path: give it to the client as `paths={"payment_methods.list": …}`, else this
        raises `ConfigurationError`. The currency goes where your template says `{currency}`, else into the query.

        Provider's page: Get List Payment Method by Currency (its body is not in the public record).
        """
        return Pager(self._engine, Listing(LIST_PAYMENT_METHODS, None, {}, {"currency": currency}))
