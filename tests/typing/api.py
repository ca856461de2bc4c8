"""Never run: how users type against the two packages, checked by mypy and pyright in strict mode."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from decimal import Decimal
from email.message import Message
from typing import assert_type

import psycopg
from multidict import CIMultiDictProxy
from starlette.datastructures import Headers as StarletteHeaders
from tornado.httputil import HTTPHeaders
from werkzeug.datastructures import Headers as FlaskHeaders

from paycombat_async import (
    UNSET,
    AsyncPayCombat,
    BatchReport,
    BeneficiaryCompany,
    BeneficiaryIndividual,
    Checkout,
    CreateCheckoutVirtualAccount,
    CreateNewCheckout,
    CreatePayin,
    CreatePaymentRequest,
    CreatePayout,
    CreateVirtualAccount,
    Customer,
    DeletedCustomer,
    Outcome,
    Page,
    PayCombatError,
    Payin,
    PayinMethod,
    Payout,
    PayoutBalance,
    PayoutBeneficiary,
    PayoutMethod,
    Reply,
    SimulatePayin,
    SimulatePayout,
    UpdateCompany,
    UpdateCustomer,
    VirtualAccount,
    WalletReadiness,
    canonical_json,
    sync_customers,
    webhooks,
)
from paycombat_async.endpoints import (
    CREATE_PAYOUT,
    LIST_CUSTOMERS,
    LIST_PAYOUTS,
    RETRIEVE_CUSTOMER,
    RETRIEVE_PAYOUT_BALANCE,
    SIMULATE_PAYOUT,
    UPDATE_CUSTOMER,
)
from paycombat_async.resources.customers import Customers
from paycombat_async.sandbox import Sandbox
from paycombat_async.testing import FakeClock, FakeTransport
from paycombat_sync import PayCombat
from paycombat_sync import sync_customers as sync_customers_blocking
from paycombat_sync import webhooks as blocking_webhooks
from paycombat_sync.resources.customers import Customers as BlockingCustomers


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


def payout() -> CreatePayout:
    """Amounts are Decimal or int, in any mixture; what a method asks for besides goes into `extra`."""
    return CreatePayout(
        payout_beneficiary_param=PayoutBeneficiary(
            individual=BeneficiaryIndividual(first_name="a", last_name="b"), account_number="1", extra={"iban": "x"}
        ),
        sender_amount=Decimal("10.50"),
        sender_currency="AUD",
        sender_country="AU",
        beneficiary_amount=10,
        beneficiary_currency="AUD",
        payout_method_name="au_bank_acct",
        purpose_code="SELF",
        order_id="order-1",
    )


async def money(client: AsyncPayCombat) -> None:
    """Calls that move money, and those that look at it."""
    paid = await client.payouts.create(payout())
    assert_type(paid, Payout)
    assert_type(paid.id, str)
    assert_type(paid.wire_amount, Decimal | None)
    assert_type(paid.order_id, str | None)
    assert_type(await client.payouts.simulate(SimulatePayout(extra={"id": paid.id})), object)
    assert_type(await client.payouts.retrieve(paid.id), Payout)
    assert_type(await client.payouts.list(page_size=5, extra_query={"q": "x"}).page(), Page[Payout])
    async for found in client.payouts.list():
        assert_type(found, Payout)
    asked = await client.payins.create(CreatePayin(payer_id="va", extra={"amount": Decimal(5), "currency": "KRW"}))
    assert_type(asked, Payin)
    assert_type(asked.rolling_serve, Decimal | None)
    assert_type(await client.payins.simulate(SimulatePayin(extra={"id": asked.id})), object)
    assert_type(await client.payins.retrieve(asked.id), Payin)
    assert_type(await client.payins.create_virtual_account(CreateVirtualAccount(extra={"a": 1})), VirtualAccount)
    assert_type(await client.merchant.payout_balance("AUD"), PayoutBalance)
    assert_type((await client.merchant.payout_balance("AUD")).balance, Decimal | None)
    assert_type(await client.send(CREATE_PAYOUT, payout()), Reply[Payout])
    assert_type(await client.send(SIMULATE_PAYOUT, SimulatePayout(extra={"id": "x"}), id="x"), Reply[object])
    assert_type(await client.send(LIST_PAYOUTS, None, query={"page": 2}), Reply[Page[Payout]])
    assert_type(await client.send(RETRIEVE_PAYOUT_BALANCE, None, currency="AUD"), Reply[PayoutBalance])


async def checkouts_and_methods(client: AsyncPayCombat) -> None:
    """Checkouts, and what can be chosen on them."""
    made = await client.checkouts.create(CreatePaymentRequest(extra={"amount": 5, "currency": "AUD"}))
    assert_type(made, Checkout)
    assert_type(made.checkout_url, str | None)
    assert_type(made.additional_info, dict[str, object] | None)
    chosen = CreateNewCheckout(checkout_token="t", payin_method_name="au_bank_npp")
    assert_type(await client.checkouts.create_new(chosen), Checkout)
    bank = CreateCheckoutVirtualAccount(checkout_token="t", payin_method_name="KDB산업은행")
    assert_type(await client.checkouts.create_virtual_account(bank), Checkout)
    assert_type(await client.checkouts.retrieve("x"), Checkout)
    assert_type(await client.checkouts.va_bank_information(extra_query={"q": "x"}), object)
    async for checkout in client.checkouts.list(page_size=5):
        assert_type(checkout, Checkout)
    async for way_in in client.payin_methods.list():
        assert_type(way_in, PayinMethod)
        assert_type([field.regex for field in way_in.payin_method_param or ()], list[str | None])
    assert_type(await client.payin_methods.required_fields("au_bank_npp"), PayinMethod)
    async for way_out in client.payout_methods.list():
        assert_type(way_out, PayoutMethod)
    async for choice in client.payment_methods.list("AUD"):
        assert_type(choice, PayinMethod)
    assert_type(await client.master_data.countries_and_currencies(), object)


def blocking_money(client: PayCombat) -> None:
    """The same, blocking."""
    assert_type(client.payouts.create(payout()), Payout)
    assert_type(client.payouts.list().page(), Page[Payout])
    for found in client.payouts.list():
        assert_type(found, Payout)
    for page in client.checkouts.list().pages():
        assert_type(page.items, list[Checkout])
    assert_type(client.payins.create(CreatePayin(extra={"amount": 5})), Payin)
    assert_type(client.checkouts.create_new(CreateNewCheckout(checkout_token="t", payin_method_name="m")), Checkout)
    assert_type(client.payin_methods.required_fields("m"), PayinMethod)
    assert_type(client.payment_methods.list("AUD").page(), Page[PayinMethod])
    assert_type(client.payout_methods.list().page(), Page[PayoutMethod])
    assert_type(client.merchant.payout_balance("AUD"), PayoutBalance)
    assert_type(client.master_data.countries_and_currencies(), object)
    assert_type(CreatePayout.from_mapping({"sender_amount": "10.50"}), CreatePayout)


def webhook(
    body: bytes,
    flask: FlaskHeaders,
    starlette: StarletteHeaders,
    tornado: HTTPHeaders,
    aiohttp: CIMultiDictProxy[str],
    standard: Message,
    client: AsyncPayCombat,
) -> None:
    """The headers of any framework, or pairs."""
    for headers in (flask, starlette, tornado, aiohttp, standard, {"X-Signature": "0"}, [("X-Signature", "0")]):
        assert_type(webhooks.unwrap(body, headers, ["key"]), webhooks.WebhookEvent)
        assert_type(client.webhooks.verify(body, headers), bytes)
        assert_type(webhooks.diagnose(body, headers, ["key"]), webhooks.Diagnosis)
    own: webhooks.Headers = flask
    assert_type(client.webhooks.unwrap(body, own), webhooks.WebhookEvent)


async def inboxes(
    inbox: webhooks.PostgresInbox, blocking: blocking_webhooks.PostgresInbox, either: webhooks.Inbox
) -> None:
    """Over the connection of a PostgreSQL delivery the worker writes, without asking whether there is one."""
    async with inbox.taken() as delivery:
        if delivery is not None:
            assert_type(delivery, webhooks.PostgresDelivery)
            await delivery.connection.execute("SELECT 1")
            assert_type(delivery.connection, psycopg.AsyncConnection[object])
    with blocking.taken() as taken:
        if taken is not None:
            taken.connection.execute("SELECT 1")
            assert_type(taken.event, webhooks.WebhookEvent)
    async with either.taken() as one:
        if one is not None:
            assert_type(one.connection, psycopg.AsyncConnection[object] | None)
    while (waiting := blocking.take()) is not None:
        assert_type(waiting, blocking_webhooks.Delivery)


def plain(customer: Customer, update: UpdateCustomer) -> None:
    """Plain data, and the resources of the classes."""
    assert_type(customer.to_dict(exclude={"metadata"}), dict[str, object])
    assert_type(update.to_json(), str)
    assert_type(dict(customer), dict[str, object])
    assert_type(AsyncPayCombat.customers, Customers)
    assert_type(PayCombat.customers, BlockingCustomers)


async def envelope(client: AsyncPayCombat) -> None:
    """What the provider says beside the data."""
    reply = await client.send(RETRIEVE_CUSTOMER, None, customer_id="c")
    assert_type(reply.request_time, str | None)
    assert_type(reply.status_code, int | None)
    assert_type(reply.status_text, str | None)


def clearing() -> None:
    """Every field of an update can be cleared."""
    UpdateCustomer(customer_id="c", description="", type="", metadata="", individual="")
    UpdateCustomer(customer_id="c", company="")
    UpdateCustomer(customer_id="c", company=UpdateCompany(name="", authorized_user=""))
    UpdateCustomer(customer_id="c", metadata="x")  # type: ignore[arg-type]  # only "" clears


def errors(error: PayCombatError) -> None:
    """Attributes are typed."""
    assert_type(error.outcome, Outcome)
    assert_type(error.attempts, int)
    assert_type(error.endpoint, str | None)
    assert_type(error.reference, str | None)
    assert_type(error.body_digest, str | None)
    assert_type(error.advice, str | None)


def mistakes() -> None:
    """What a checker must refuse: an unused ignore would be an error itself."""
    UpdateCustomer(customer_id=None)  # type: ignore[arg-type]  # null is refused
    UpdateCustomer(customer_id="c", adress="x")  # type: ignore[call-arg]  # typo
    UpdateCustomer(customer_id="c", type="person")  # type: ignore[arg-type]  # no such kind
    AsyncPayCombat("token")  # type: ignore[call-arg]  # keyword-only
    webhooks.verify(b"", {"X-Signature": b"0"}, ["key"])  # type: ignore[arg-type]  # text, not bytes
    webhooks.verify(b"", {"X-Signature": ["0"]}, ["key"])  # type: ignore[arg-type]  # one value, not a list
    webhooks.verify(b"", "0", ["key"])  # type: ignore[arg-type]  # the headers, not the signature


async def mistakes_with_money(client: AsyncPayCombat, blocking: PayCombat) -> None:
    """Amounts that are no exact numbers, fields nobody has seen, requests of other calls, and what is not there."""
    to = PayoutBeneficiary(company=BeneficiaryCompany(name="x"))
    CreatePayout(
        payout_beneficiary_param=to,
        sender_amount=10.5,  # type: ignore[arg-type]  # a float is no amount
        sender_currency="AUD",
        sender_country="AU",
        beneficiary_amount="10.50",  # type: ignore[arg-type]  # text is no amount
        beneficiary_currency="AUD",
        payout_method_name="au_bank_acct",
        purpose_code="SELF",
        order_id=7,  # type: ignore[arg-type]  # an order_id is text
    )
    CreatePayout(payout_beneficiary_param=to, sender_amount=1)  # type: ignore[call-arg]  # the rest is missing
    CreatePayin(amount=5)  # type: ignore[call-arg]  # a name the record does not show goes into extra
    CreateNewCheckout(checkout_token="t")  # type: ignore[call-arg]  # payin_method_name is missing
    PayoutBeneficiary(individual={"first_name": "x"})  # type: ignore[arg-type]  # a Struct, or from_mapping
    await client.payouts.simulate(SimulatePayin())  # type: ignore[arg-type]  # that simulates a payin
    await client.send(CREATE_PAYOUT, None)  # type: ignore[misc]  # it takes a body
    client.payment_methods.list()  # type: ignore[call-arg]  # of which currency?
    client.payouts.list(5)  # type: ignore[call-arg]  # keyword-only
    blocking.payouts.create(CreatePayin())  # type: ignore[arg-type]  # that is a payin
