"""Customers: https://docs.paycombat.com, group "Customer".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
"""

from collections.abc import Mapping

from paycombat_async.resources import customers
from paycombat_async.schemas.customers import (
    CreateCustomer,
    Customer,
    DeletedCustomer,
    UpdateCustomer,
    WalletReadiness,
)
from paycombat_sync._runner import Runner
from paycombat_sync.pagination import Pager


class Customers:
    """`client.customers`: the profiles of those who pay and are paid."""

    def __init__(self, runner: Runner, resource: customers.Customers) -> None:
        self._runner = runner
        self._async = resource

    def create(self, request: CreateCustomer) -> Customer:
        """Create a customer.

        Sent again only if it certainly never left: twice would make two customers. On `Outcome.UNKNOWN`, look for
        your `organization_reference_id` in `list()` before you try again.

        https://docs.paycombat.com/create-customer-12819564e0
        """
        return self._runner.run(self._async.create, request)

    def update(self, request: UpdateCustomer) -> Customer:
        """Change the fields of a customer that are set; `""` clears a field, `UNSET` leaves it as it is.

        Safe to repeat, so it is retried.

        https://docs.paycombat.com/update-customer-12819581e0
        """
        return self._runner.run(self._async.update, request)

    def list(self, *, page_size: int | None = None, extra_query: Mapping[str, str] | None = None) -> Pager[Customer]:
        """All customers: `for customer in client.customers.list()`.

        The path and the names of the query are guesses; `extra_query` adds what the provider tells you.

        Provider's page: Get All Customer (its body is not in the public record).
        """
        return Pager(self._runner, self._async.list(page_size=page_size, extra_query=extra_query))

    def retrieve(self, customer_id: str) -> Customer:
        """Look a customer up. Raises `NotFound` if there is none.

        https://docs.paycombat.com/get-detail-customer-by-id-12819568e0
        """
        return self._runner.run(self._async.retrieve, customer_id)

    def check_wallet_ready(self, customer_id: str) -> WalletReadiness:
        """Ask whether a customer's wallet can be used, and which fields are missing for it.

        The record does not show the path: give it to the client as `paths={"customers.check_wallet_ready": …}`,
        else this raises `ConfigurationError`.

        https://docs.paycombat.com/check-is-customer-wallet-ready-12819594e0
        """
        return self._runner.run(self._async.check_wallet_ready, customer_id)

    def enable(self, customer_id: str) -> Customer:
        """Let a customer be used again. Safe to repeat, so it is retried. The path is a guess.

        https://docs.paycombat.com/enable-customer-12823648e0
        """
        return self._runner.run(self._async.enable, customer_id)

    def disable(self, customer_id: str) -> Customer:
        """Keep a customer from being used. Safe to repeat, so it is retried.

        https://docs.paycombat.com/disable-customer-12823650e0
        """
        return self._runner.run(self._async.disable, customer_id)

    def delete(self, customer_id: str) -> DeletedCustomer:
        """Delete a customer. Safe to repeat, so it is retried: a `NotFound` may mean that the first try did it.

        The path is a guess, and so is the answer: its fields may all be None.

        https://docs.paycombat.com/delete-customer-12823656e0
        """
        return self._runner.run(self._async.delete, customer_id)
