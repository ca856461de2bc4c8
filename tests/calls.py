"""One call of every method of a client, on either side, with arguments that pass and an answer that is understood."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from paycombat_async import (
    ENDPOINTS,
    CreateCheckoutVirtualAccount,
    CreateCustomer,
    CreateNewCheckout,
    CreatePayin,
    CreatePaymentRequest,
    CreatePayout,
    CreateVirtualAccount,
    Endpoint,
    PayoutBeneficiary,
    Repeat,
    SimulatePayin,
    SimulatePayout,
    UpdateCustomer,
)

BY_NAME: dict[str, Endpoint[Any, Any]] = {endpoint.name: endpoint for endpoint in ENDPOINTS}
ONCE = [name for name, endpoint in BY_NAME.items() if endpoint.repeat is Repeat.ONLY_IF_UNSENT]
SAFE = [name for name in BY_NAME if name not in ONCE]

# For the endpoints whose path is on no record.
PATHS = {
    "master_data.countries_and_currencies": "/api/v1/master-data/codes",
    "checkouts.va_bank_information": "/api/v1/checkout/va-banks",
    "customers.check_wallet_ready": "/api/v1/customer/ready/{customer_id}",
    "payment_methods.list": "/api/v1/payment-method/{currency}",
}
LOCAL = "http://127.0.0.1:1"  # no warning of guessed paths there


def payout(**fields: object) -> CreatePayout:
    """A payout of 50 AUD called order-1; keyword arguments replace its fields."""
    usual: dict[str, object] = {
        "payout_beneficiary_param": PayoutBeneficiary(account_number="1234567", bsb="063-000"),
        "sender_amount": Decimal("50.00"),
        "sender_currency": "AUD",
        "sender_country": "AU",
        "beneficiary_amount": Decimal("50.00"),
        "beneficiary_currency": "AUD",
        "payout_method_name": "au_bank_acct",
        "purpose_code": "SELF",
        "order_id": "order-1",
    }
    return CreatePayout(**(usual | fields))


PAYIN = CreatePayin(
    payer_id="va_1", extra={"amount": Decimal("50.00"), "currency": "AUD", "order_reference": "reference-1"}
)
CUSTOMER = CreateCustomer(description="d", type="individual", organization_reference_id="organization-1")
NEW_CHECKOUT = CreateNewCheckout(checkout_token="c0ffee", payin_method_name="au_bank_npp")
CHECKOUT_ACCOUNT = CreateCheckoutVirtualAccount(checkout_token="c0ffee", payin_method_name="KDB산업은행")
PAYMENT_REQUEST = CreatePaymentRequest(extra={"amount": 50, "currency": "AUD", "description": "d"})

# In the order of the endpoints. On a blocking client each gives its result, on an async one what to await.
CALLS: dict[str, Callable[[Any], Any]] = {
    "master_data.countries_and_currencies": lambda client: client.master_data.countries_and_currencies(),
    "payout_methods.list": lambda client: client.payout_methods.list().page(),
    "payin_methods.list": lambda client: client.payin_methods.list().page(),
    "payin_methods.required_fields": lambda client: client.payin_methods.required_fields("au_bank_npp"),
    "payins.create": lambda client: client.payins.create(PAYIN),
    "payins.simulate": lambda client: client.payins.simulate(SimulatePayin(extra={"id": "payin_1"})),
    "payins.retrieve": lambda client: client.payins.retrieve("payin_1"),
    "payins.create_virtual_account": lambda client: client.payins.create_virtual_account(
        CreateVirtualAccount(extra={"currency": "KRW", "amount": 50_000})
    ),
    "payouts.create": lambda client: client.payouts.create(payout()),
    "payouts.simulate": lambda client: client.payouts.simulate(SimulatePayout(extra={"id": "payout_1"})),
    "payouts.retrieve": lambda client: client.payouts.retrieve("payout_1"),
    "payouts.list": lambda client: client.payouts.list().page(),
    "checkouts.create": lambda client: client.checkouts.create(PAYMENT_REQUEST),
    "checkouts.list": lambda client: client.checkouts.list().page(),
    "checkouts.retrieve": lambda client: client.checkouts.retrieve("checkout_1"),
    "checkouts.create_virtual_account": lambda client: client.checkouts.create_virtual_account(CHECKOUT_ACCOUNT),
    "checkouts.va_bank_information": lambda client: client.checkouts.va_bank_information(),
    "checkouts.create_new": lambda client: client.checkouts.create_new(NEW_CHECKOUT),
    "customers.create": lambda client: client.customers.create(CUSTOMER),
    "customers.update": lambda client: client.customers.update(UpdateCustomer(customer_id="customer_1")),
    "customers.list": lambda client: client.customers.list().page(),
    "customers.retrieve": lambda client: client.customers.retrieve("customer_1"),
    "customers.check_wallet_ready": lambda client: client.customers.check_wallet_ready("customer_1"),
    "customers.enable": lambda client: client.customers.enable("customer_1"),
    "customers.disable": lambda client: client.customers.disable("customer_1"),
    "customers.delete": lambda client: client.customers.delete("customer_1"),
    "merchant.payout_balance": lambda client: client.merchant.payout_balance("AUD"),
    "payment_methods.list": lambda client: client.payment_methods.list("AUD").page(),
}

# By the response's type: what stands in the envelope. Nothing in it differs from what the calls above send.
_DATA: dict[str, object] = {
    "Customer": {"customer_id": "customer_1"},
    "DeletedCustomer": {"customer_id": "customer_1"},
    "WalletReadiness": {"is_wallet_ready": True, "missing_field": []},
    "Payin": {"id": "payin_1", "amount": 50, "amount_type": "AUD"},
    "VirtualAccount": {"id": "va_1"},
    "Payout": {"id": "payout_1", "order_id": "order-1", "wire_amount": 50, "currency": "AUD"},
    "Checkout": {"id": "checkout_1", "checkout_token": "c0ffee", "amount": 50, "currency": "AUD"},
    "PayinMethod": {"payin_method_name": "au_bank_npp"},
    "PayoutMethod": {"payout_method_name": "au_bank_acct"},
    "PayoutBalance": {"currency": "AUD", "balance": 12.5},
    "object": {"anything": [1, None]},
}


def good_data(endpoint: Endpoint[Any, Any]) -> object:
    """What stands in the envelope of a success of this endpoint, as plain data."""
    items: tuple[type, ...] = getattr(endpoint.response, "__args__", ())
    return [_DATA[items[0].__name__]] if items else _DATA[endpoint.response.__name__]


def good_answer(name: str) -> bytes:
    """The whole body of a success of this call, in envelope A."""
    return msgspec.json.encode({"status": True, "message": "OK", "data": good_data(BY_NAME[name])})
