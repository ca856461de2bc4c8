"""Customers: https://docs.paycombat.com, group "Customer".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
answer cannot be decoded.
"""

from collections.abc import Mapping

from paycombat_async._engine.engine import Engine
from paycombat_async.endpoints import (
    CHECK_WALLET_READY,
    CREATE_CUSTOMER,
    DELETE_CUSTOMER,
    DISABLE_CUSTOMER,
    ENABLE_CUSTOMER,
    LIST_CUSTOMERS,
    RETRIEVE_CUSTOMER,
    UPDATE_CUSTOMER,
)
from paycombat_async.pagination import Listing, Pager
from paycombat_async.schemas.customers import (
    CreateCustomer,
    Customer,
    DeletedCustomer,
    UpdateCustomer,
    WalletReadiness,
)


class Customers:
    """`client.customers`: the profiles of the people and companies that pay or are paid."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create(self, request: CreateCustomer) -> Customer:
        """Creates a customer and returns it.

        Not safe to repeat, because a second call would create a second customer. Therefore it is retried only if the
        request was certainly not sent. If an error has `Outcome.UNKNOWN`, search for your `organization_reference_id`
        in `list()` before you try again.

        Provider's page: https://docs.paycombat.com/create-customer-12819564e0
        """
        return (await self._engine.send(CREATE_CUSTOMER, request, {})).data

    async def update(self, request: UpdateCustomer) -> Customer:
        """Changes those fields of a customer that are set in `request`, and returns the customer.

        The value `""` clears a field, and `UNSET` leaves it unchanged. Safe to repeat, so it is retried after a
        failure.

        Provider's page: https://docs.paycombat.com/update-customer-12819581e0
        """
        return (await self._engine.send(UPDATE_CUSTOMER, request, {})).data

    def list(self, *, page_size: int | None = None, extra_query: Mapping[str, str] | None = None) -> Pager[Customer]:
        """Returns a pager over all customers: `async for customer in client.customers.list()`.

        Nothing is sent before the first page is needed. Each page is a GET, which is retried after a failure. The
        provider documents neither the path nor the names of the query parameters, so they are guesses. If the provider
        tells you other parameters, pass them in `extra_query`, which adds and replaces parameters. Raises
        `InvalidRequest` for a `page_size` below 1.

        Provider's page: "Get All Customer" (its content is not public).
        """
        return Pager(self._engine, Listing(LIST_CUSTOMERS, page_size, extra_query or {}))

    async def retrieve(self, customer_id: str) -> Customer:
        """Returns the customer with this id. Raises `NotFound` if it does not exist.

        Retried after a failure, because the call changes nothing.

        Provider's page: https://docs.paycombat.com/get-detail-customer-by-id-12819568e0
        """
        return (await self._engine.send(RETRIEVE_CUSTOMER, None, {"customer_id": customer_id})).data

    async def check_wallet_ready(self, customer_id: str) -> WalletReadiness:
        """Returns whether the wallet of a customer can be used, and which fields of the customer are missing for it.

        Retried after a failure, because the call changes nothing. Raises `ConfigurationError` unless the client has
        `paths={"customers.check_wallet_ready": …}`, because its path is not documented.

        Provider's page: https://docs.paycombat.com/check-is-customer-wallet-ready-12819594e0
        """
        return (await self._engine.send(CHECK_WALLET_READY, None, {"customer_id": customer_id})).data

    async def enable(self, customer_id: str) -> Customer:
        """Allows a disabled customer to be used again, and returns the customer.

        Safe to repeat, so it is retried after a failure. The provider does not document the path, so it is a guess.

        Provider's page: https://docs.paycombat.com/enable-customer-12823648e0
        """
        return (await self._engine.send(ENABLE_CUSTOMER, None, {"customer_id": customer_id})).data

    async def disable(self, customer_id: str) -> Customer:
        """Prevents a customer from being used, and returns the customer.

        Safe to repeat, so it is retried after a failure.

        Provider's page: https://docs.paycombat.com/disable-customer-12823650e0
        """
        return (await self._engine.send(DISABLE_CUSTOMER, None, {"customer_id": customer_id})).data

    async def delete(self, customer_id: str) -> DeletedCustomer:
        """Deletes a customer. The answer is not documented, so all fields of the returned object may be None.

        Safe to repeat, so it is retried after a failure. Therefore `NotFound` may mean that an earlier attempt has
        deleted the customer. The provider does not document the path, so it is a guess.

        Provider's page: https://docs.paycombat.com/delete-customer-12823656e0
        """
        return (await self._engine.send(DELETE_CUSTOMER, None, {"customer_id": customer_id})).data
