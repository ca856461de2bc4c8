"""Checkouts: https://docs.paycombat.com, group "Checkout".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
answer cannot be decoded.
"""

from collections.abc import Mapping

from paycombat_async._engine.engine import Engine
from paycombat_async.endpoints import (
    CREATE_CHECKOUT_VIRTUAL_ACCOUNT,
    CREATE_NEW_CHECKOUT,
    CREATE_PAYMENT_REQUEST,
    LIST_CHECKOUTS,
    RETRIEVE_CHECKOUT,
    RETRIEVE_VA_BANK_INFORMATION,
)
from paycombat_async.pagination import Listing, Pager
from paycombat_async.schemas.checkouts import (
    Checkout,
    CreateCheckoutVirtualAccount,
    CreateNewCheckout,
    CreatePaymentRequest,
)


class Checkouts:
    """`client.checkouts`: payment pages hosted by the provider.

    Show `checkout_url` to the customer who pays, and to nobody else: it contains your X-token.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create(self, request: CreatePaymentRequest) -> Checkout:
        """Creates a checkout ("Create Payment Request") and returns it.

        Not safe to repeat, so it is retried only if the request was certainly not sent. If an error has
        `Outcome.UNKNOWN`, search for the checkout in `list()` before you try again. The provider does not document the
        path, so it is a guess. The body is not documented, so pass its fields in `extra`.

        Provider's page: https://docs.paycombat.com/create-payment-request-13142063e0
        """
        return (await self._engine.send(CREATE_PAYMENT_REQUEST, request, {})).data

    def list(self, *, page_size: int | None = None, extra_query: Mapping[str, str] | None = None) -> Pager[Checkout]:
        """Returns a pager over all checkouts: `async for checkout in client.checkouts.list()`.

        Nothing is sent before the first page is needed. Each page is a GET, which is retried after a failure. The
        provider documents neither the path nor the names of the query parameters, so they are guesses. If the provider
        tells you other parameters, pass them in `extra_query`, which adds and replaces parameters. Raises
        `InvalidRequest` for a `page_size` below 1.

        Provider's page: "Get All Checkout" (its content is not public).
        """
        return Pager(self._engine, Listing(LIST_CHECKOUTS, page_size, extra_query or {}))

    async def retrieve(self, id: str) -> Checkout:  # noqa: A002  # the provider's name for it
        """Returns the checkout with this `id`. Raises `NotFound` if it does not exist.

        Retried after a failure, because the call changes nothing.

        Provider's page: https://docs.paycombat.com/get-detail-checkout-13145826e0
        """
        return (await self._engine.send(RETRIEVE_CHECKOUT, None, {"id": id})).data

    async def create_new(self, request: CreateNewCheckout) -> Checkout:
        """Sets the payin method that the customer of a checkout has chosen, and returns the checkout.

        Not safe to repeat, so it is retried only if the request was certainly not sent. Raises `InvalidResponse` if the
        answer has a different `checkout_token` than the request.

        Provider's page: https://docs.paycombat.com/create-new-checkout-15936347e0
        """
        return (await self._engine.send(CREATE_NEW_CHECKOUT, request, {})).data

    async def create_virtual_account(self, request: CreateCheckoutVirtualAccount) -> Checkout:
        """Opens a virtual account (KRW) for a checkout at the given bank, and returns the checkout.

        Not safe to repeat, so it is retried only if the request was certainly not sent. Raises `InvalidResponse` if the
        answer has a different `checkout_token` than the request.

        Provider's page: https://docs.paycombat.com/create-virtual-account-krw-17354379e0
        """
        return (await self._engine.send(CREATE_CHECKOUT_VIRTUAL_ACCOUNT, request, {})).data

    async def va_bank_information(self, *, extra_query: Mapping[str, str] | None = None) -> object:
        """Returns the banks that offer virtual accounts (KRW), as dicts and lists of JSON values.

        Retried after a failure, because the call changes nothing. Raises `ConfigurationError` unless the client has
        `paths={"checkouts.va_bank_information": …}`, because neither the path nor the answer is documented.

        Provider's page: "Get VA Bank Information [KRW]" (its content is not public).
        """
        return (await self._engine.send(RETRIEVE_VA_BANK_INFORMATION, None, {}, extra_query)).data
