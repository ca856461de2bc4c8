"""Payment methods: https://docs.paycombat.com, page "Get List Payment Method by Currency".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
answer cannot be decoded.
"""

from paycombat_async._engine.engine import Engine
from paycombat_async.endpoints import LIST_PAYMENT_METHODS
from paycombat_async.pagination import Listing, Pager
from paycombat_async.schemas.methods import PayinMethod


class PaymentMethods:
    """`client.payment_methods`: the payment methods that a customer can choose from, by currency."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self, currency: str) -> Pager[PayinMethod]:
        """Returns a pager over the payment methods of a currency, an ISO 4217 code such as "AUD".

        Nothing is sent before the pager is iterated. The request is a GET, which is retried after a failure. The pager
        raises `ConfigurationError` unless the client has `paths={"payment_methods.list": …}`, because the path is not
        documented. The currency replaces `{currency}` in the path that you pass. If that path does not contain
        `{currency}`, the currency becomes a query parameter.

        Provider's page: "Get List Payment Method by Currency" (its content is not public).
        """
        return Pager(self._engine, Listing(LIST_PAYMENT_METHODS, None, {}, {"currency": currency}))
