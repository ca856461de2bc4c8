"""Checkouts: https://docs.paycombat.com, group "Checkout".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
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
    """`client.checkouts`: the provider's own page on which a customer pays.

    Send the customer, and nobody else, to `checkout_url`: it carries your X-token.
    """

    def __init__(self, runner: Runner, resource: checkouts.Checkouts) -> None:
        self._runner = runner
        self._async = resource

    def create(self, request: CreatePaymentRequest) -> Checkout:
        """Create Payment Request: a new checkout.

        The record shows neither path nor body: the path is a guess, what is sent goes into `extra`. Sent again only if
        it certainly never left; on `Outcome.UNKNOWN`, look through `list()` before you try again.

        https://docs.paycombat.com/create-payment-request-13142063e0
        """
        return self._runner.run(self._async.create, request)

    def list(self, *, page_size: int | None = None, extra_query: Mapping[str, str] | None = None) -> Pager[Checkout]:
        """All checkouts: `for checkout in client.checkouts.list()`.

        The path and the names of the query are guesses; `extra_query` adds what the provider tells you.

        Provider's page: Get All Checkout (its body is not in the public record).
        """
        return Pager(self._runner, self._async.list(page_size=page_size, extra_query=extra_query))

    def retrieve(self, id: str) -> Checkout:  # noqa: A002  # the provider's name for it
        """Look a checkout up, by its `id`. Raises `NotFound` if there is none.

        https://docs.paycombat.com/get-detail-checkout-13145826e0
        """
        return self._runner.run(self._async.retrieve, id)

    def create_new(self, request: CreateNewCheckout) -> Checkout:
        """Create New Checkout: give a checkout the payin method that its customer has chosen.

        Sent again only if it certainly never left. An answer for another `checkout_token` is an `InvalidResponse`.

        https://docs.paycombat.com/create-new-checkout-15936347e0
        """
        return self._runner.run(self._async.create_new, request)

    def create_virtual_account(self, request: CreateCheckoutVirtualAccount) -> Checkout:
        """Open a virtual account for a checkout (KRW), at the bank named.

        Sent again only if it certainly never left. An answer for another `checkout_token` is an `InvalidResponse`.

        https://docs.paycombat.com/create-virtual-account-krw-17354379e0
        """
        return self._runner.run(self._async.create_virtual_account, request)

    def va_bank_information(self, *, extra_query: Mapping[str, str] | None = None) -> object:
        """The banks at which virtual accounts can be opened (KRW), as plain data.

        The record shows neither path nor body: give the path to the client as
        `paths={"checkouts.va_bank_information": …}`, else this raises `ConfigurationError`.

        Provider's page: Get VA Bank Information [KRW] (its body is not in the public record).
        """
        return self._runner.run(self._async.va_bank_information, extra_query=extra_query)
