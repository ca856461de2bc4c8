"""Never run: how users type against the two packages, checked by mypy and pyright in strict mode."""

from typing import assert_type

from paycombat_async import (
    UNSET,
    AsyncPayCombat,
    BatchReport,
    Customer,
    DeletedCustomer,
    Outcome,
    Page,
    PayCombatError,
    Reply,
    UpdateCompany,
    UpdateCustomer,
    WalletReadiness,
    canonical_json,
    sync_customers,
)
from paycombat_async.endpoints import LIST_CUSTOMERS, RETRIEVE_CUSTOMER, UPDATE_CUSTOMER
from paycombat_async.sandbox import Sandbox
from paycombat_async.testing import FakeClock, FakeTransport
from paycombat_sync import PayCombat
from paycombat_sync import sync_customers as sync_customers_blocking


async def asynchronous() -> None:
    """Every method gives its Struct."""
    async with AsyncPayCombat(transport=FakeTransport(), clock=FakeClock()) as client:
        update = UpdateCustomer(
            customer_id="c", description="", type=UNSET, company=UpdateCompany(name="x"), metadata={"a": "b"}
        )
        assert_type(await client.customers.update(update), Customer)
        assert_type(await client.customers.retrieve("c"), Customer)
        assert_type(await client.customers.check_wallet_ready("c"), WalletReadiness)
        assert_type(await client.customers.delete("c"), DeletedCustomer)
        assert_type(await client.customers.list().page(), Page[Customer])
        async for customer in client.customers.list(page_size=10):
            assert_type(customer, Customer)
            assert_type(customer.customer_id, str)
            assert_type(customer.description, str | None)
        async for page in client.customers.list().pages():
            assert_type(page.items, list[Customer])
        assert_type(await client.send(UPDATE_CUSTOMER, update), Reply[Customer])
        assert_type(await client.send(RETRIEVE_CUSTOMER, None, customer_id="c"), Reply[Customer])
        assert_type(await client.send(LIST_CUSTOMERS, None), Reply[Page[Customer]])
        assert_type(await client.request("GET", "/x"), Reply[object])
        assert_type(client.with_options(timeout=1), AsyncPayCombat)
        assert_type(await sync_customers(client, [update]), BatchReport)


def blocking() -> None:
    """And so does its blocking twin."""
    with Sandbox() as sandbox, PayCombat(base_url=sandbox.base_url) as client:
        update = UpdateCustomer.from_mapping({"customer_id": "c"})
        assert_type(update, UpdateCustomer)
        assert_type(client.customers.update(update), Customer)
        assert_type(client.customers.list().page(), Page[Customer])
        for customer in client.customers.list():
            assert_type(customer, Customer)
        assert_type(client.send(UPDATE_CUSTOMER, update), Reply[Customer])
        assert_type(sync_customers_blocking(client, [update]), BatchReport)
        assert_type(canonical_json(update), bytes)


def errors(error: PayCombatError) -> None:
    """Attributes are typed."""
    assert_type(error.outcome, Outcome)
    assert_type(error.attempts, int)


def mistakes() -> None:
    """What a checker must refuse: an unused ignore would be an error itself."""
    UpdateCustomer(customer_id=None)  # type: ignore[arg-type]  # null is refused
    UpdateCustomer(customer_id="c", adress="x")  # type: ignore[call-arg]  # typo
    UpdateCustomer(customer_id="c", type="person")  # type: ignore[arg-type]  # no such kind
    AsyncPayCombat("token")  # type: ignore[call-arg]  # keyword-only
