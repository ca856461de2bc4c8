"""Checkouts: https://docs.paycombat.com, group "Checkout".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
answer cannot be decoded.
"""

from collections.abc import Mapping

from paycombat_async.resources import checkouts
from paycombat_async.schemas.checkouts import (
    Checkout,
    CreateCheckoutVirtualAccount,
    CreateNewCheckout,
    CreatePaymentRequest,
)
from paycombat_sync._runner import Runner
from paycombat_sync.pagination import Pager


class Checkouts:
    """`client.checkouts`: payment pages hosted by the provider.

    Show `checkout_url` to the customer who pays, and to nobody else: it contains your X-token.
    """

    def __init__(self, runner: Runner, resource: checkouts.Checkouts) -> None:
        self._runner = runner
        self._async = resource

    def create(self, request: CreatePaymentRequest) -> Checkout:
        """Creates a checkout ("Create Payment Request") and returns it.

        Not safe to repeat, so it is retried only if the request was certainly not sent. If an error has
        `Outcome.UNKNOWN`, search for the checkout in `list()` before you try again. The provider does not document the
        path, so it is a guess. The body is not documented, so pass its fields in `extra`.

        Provider's page: https://docs.paycombat.com/create-payment-request-13142063e0
        """
        return self._runner.run(self._async.create, request)

    def list(self, *, page_size: int | None = None, extra_query: Mapping[str, str] | None = None) -> Pager[Checkout]:
        """Returns a pager over all checkouts: `for checkout in client.checkouts.list()`.

        Nothing is sent before the first page is needed. Each page is a GET, which is retried after a failure. The
        provider documents neither the path nor the names of the query parameters, so they are guesses. If the provider
        tells you other parameters, pass them in `extra_query`, which adds and replaces parameters. Raises
        `InvalidRequest` for a `page_size` below 1.

        Provider's page: "Get All Checkout" (its content is not public).
        """
        return Pager(self._runner, self._async.list(page_size=page_size, extra_query=extra_query))

    def retrieve(self, id: str) -> Checkout:  # noqa: A002  # the provider's name for it
        """Returns the checkout with this `id`. Raises `NotFound` if it does not exist.

        Retried after a failure, because the call changes nothing.

        Provider's page: https://docs.paycombat.com/get-detail-checkout-13145826e0
        """
        return self._runner.run(self._async.retrieve, id)

    def create_new(self, request: CreateNewCheckout) -> Checkout:
        """Sets the payin method that the customer of a checkout has chosen, and returns the checkout.

        Not safe to repeat, so it is retried only if the request was certainly not sent. Raises `InvalidResponse` if the
        answer has a different `checkout_token` than the request.

        Provider's page: https://docs.paycombat.com/create-new-checkout-15936347e0
        """
        return self._runner.run(self._async.create_new, request)

    def create_virtual_account(self, request: CreateCheckoutVirtualAccount) -> Checkout:
        """Opens a virtual account (KRW) for a checkout at the given bank, and returns the checkout.

        Not safe to repeat, so it is retried only if the request was certainly not sent. Raises `InvalidResponse` if the
        answer has a different `checkout_token` than the request.

        Provider's page: https://docs.paycombat.com/create-virtual-account-krw-17354379e0
        """
        return self._runner.run(self._async.create_virtual_account, request)

    def va_bank_information(self, *, extra_query: Mapping[str, str] | None = None) -> object:
        """Returns the banks that offer virtual accounts (KRW), as dicts and lists of JSON values.

        Retried after a failure, because the call changes nothing. Raises `ConfigurationError` unless the client has
        `paths={"checkouts.va_bank_information": …}`, because neither the path nor the answer is documented.

        Provider's page: "Get VA Bank Information [KRW]" (its content is not public).
        """
        return self._runner.run(self._async.va_bank_information, extra_query=extra_query)
