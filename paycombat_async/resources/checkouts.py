"""Checkouts: https://docs.paycombat.com, group "Checkout".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
"""

from collections.abc import Mapping

from paycombat_async._engine import Engine
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
    """`client.checkouts`: the provider's own page on which a customer pays.

    Send the customer, and nobody else, to `checkout_url`: it carries your X-token.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create(self, request: CreatePaymentRequest) -> Checkout:
        """Create Payment Request: a new checkout.

        The record shows neither path nor body: the path is a guess, what is sent goes into `extra`. Sent again only if
        it certainly never left; on `Outcome.UNKNOWN`, look through `list()` before you try again.

        https://docs.paycombat.com/create-payment-request-13142063e0
        """
        return (await self._engine.send(CREATE_PAYMENT_REQUEST, request, {})).data

    def list(self, *, page_size: int | None = None, extra_query: Mapping[str, str] | None = None) -> Pager[Checkout]:
        """All checkouts: `async for checkout in client.checkouts.list()`.

        The path and the names of the query are guesses; `extra_query` adds what the provider tells you.

        Provider's page: Get All Checkout (its body is not in the public record).
        """
        return Pager(self._engine, Listing(LIST_CHECKOUTS, page_size, extra_query or {}))

    async def retrieve(self, id: str) -> Checkout:  # noqa: A002  # the provider's name for it
        """Look a checkout up, by its `id`. Raises `NotFound` if there is none.

        https://docs.paycombat.com/get-detail-checkout-13145826e0
        """
        return (await self._engine.send(RETRIEVE_CHECKOUT, None, {"id": id})).data

    async def create_new(self, request: CreateNewCheckout) -> Checkout:
        """Create New Checkout: give a checkout the payin method that its customer has chosen.

        Sent again only if it certainly never left. An answer for another `checkout_token` is an `InvalidResponse`.

        https://docs.paycombat.com/create-new-checkout-15936347e0
        """
        return (await self._engine.send(CREATE_NEW_CHECKOUT, request, {})).data

    async def create_virtual_account(self, request: CreateCheckoutVirtualAccount) -> Checkout:
        """Open a virtual account for a checkout (KRW), at the bank named.

        Sent again only if it certainly never left. An answer for another `checkout_token` is an `InvalidResponse`.

        https://docs.paycombat.com/create-virtual-account-krw-17354379e0
        """
        return (await self._engine.send(CREATE_CHECKOUT_VIRTUAL_ACCOUNT, request, {})).data

    async def va_bank_information(self, *, extra_query: Mapping[str, str] | None = None) -> object:
        """The banks at which virtual accounts can be opened (KRW), as plain data.

        The record shows neither path nor body: give the path to the client as
        `paths={"checkouts.va_bank_information": …}`, else this raises `ConfigurationError`.

        Provider's page: Get VA Bank Information [KRW] (its body is not in the public record).
        """
        return (await self._engine.send(RETRIEVE_VA_BANK_INFORMATION, None, {}, extra_query)).data
