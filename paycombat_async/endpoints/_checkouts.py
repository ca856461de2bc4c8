"""Endpoints of checkouts, in the order of the provider's pages."""

from types import NoneType
from typing import Final

from paycombat_async.endpoints._endpoint import DOCS, Echo, Endpoint, Evidence, Repeat
from paycombat_async.schemas.checkouts import (
    Checkout,
    CreateCheckoutVirtualAccount,
    CreateNewCheckout,
    CreatePaymentRequest,
)
from paycombat_async.schemas.envelope import Page

_TOKEN: Final = Echo("checkout_token", ("checkout_token",), is_identity=True)
_METHOD: Final = Echo("payin_method_name", ("payin_method_name",))
_FIND_CHANGE: Final = "list your checkouts, find the one of this checkout_token, and look at its payin_method_name"

# https://docs.paycombat.com/create-payment-request-13142063e0
# The page shows only the HTTP method. The path is guessed from "Create New Checkout", which is a PATCH to this path.
CREATE_PAYMENT_REQUEST = Endpoint(
    name="checkouts.create",
    method="POST",
    path="/api/v1/checkout",
    request=CreatePaymentRequest,
    response=Checkout,
    repeat=Repeat.ONLY_IF_UNSENT,
    signed=True,
    evidence=Evidence.INFERRED,
    doc=f"{DOCS}create-payment-request-13142063e0",
    title="Create Payment Request",
    alternatives=("/api/v1/checkout/create", "/api/v1/checkout/create-payment-request"),
    find_out="list your checkouts and compare what you sent, such as description",
    echoes=(Echo("amount", ("amount",)), Echo("currency", ("currency",))),
)

# Only the HTTP method is documented. The path is guessed from other checkout calls. The names of the query parameters
# are from Finmo, the provider's upstream.
LIST_CHECKOUTS = Endpoint(
    name="checkouts.list",
    method="GET",
    path="/api/v1/checkout",
    request=NoneType,
    response=Page[Checkout],
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=DOCS,
    title="Get All Checkout",
    page_parameter="page",
    size_parameter="limit",
    alternatives=("/api/v1/checkout/checkout", "/api/v1/checkout/all"),
)

# https://docs.paycombat.com/get-detail-checkout-13145826e0
RETRIEVE_CHECKOUT = Endpoint(
    name="checkouts.retrieve",
    method="GET",
    path="/api/v1/checkout/retrieve/{id}",
    request=NoneType,
    response=Checkout,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.DOCUMENTED,
    doc=f"{DOCS}get-detail-checkout-13145826e0",
    title="Get Detail Checkout",
)

# https://docs.paycombat.com/create-virtual-account-krw-17354379e0
CREATE_CHECKOUT_VIRTUAL_ACCOUNT = Endpoint(
    name="checkouts.create_virtual_account",
    method="PATCH",
    path="/api/v1/checkout/create-virtual-account",
    request=CreateCheckoutVirtualAccount,
    response=Checkout,
    repeat=Repeat.ONLY_IF_UNSENT,
    signed=True,
    evidence=Evidence.DOCUMENTED,
    doc=f"{DOCS}create-virtual-account-krw-17354379e0",
    title="Create Virtual Account [KRW]",
    find_out=_FIND_CHANGE,
    echoes=(_TOKEN, _METHOD),
)

# The provider documents neither the path nor the answer of this call.
RETRIEVE_VA_BANK_INFORMATION = Endpoint(
    name="checkouts.va_bank_information",
    method="GET",
    path=None,
    request=NoneType,
    response=object,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=DOCS,
    title="Get VA Bank Information [KRW]",
    alternatives=(
        "/api/v1/checkout/va-bank-information",
        "/api/v1/checkout/bank-information",
        "/api/v1/checkout/va-bank",
    ),
)

# https://docs.paycombat.com/create-new-checkout-15936347e0 (a PATCH, although its name is "create")
CREATE_NEW_CHECKOUT = Endpoint(
    name="checkouts.create_new",
    method="PATCH",
    path="/api/v1/checkout",
    request=CreateNewCheckout,
    response=Checkout,
    repeat=Repeat.ONLY_IF_UNSENT,
    signed=True,
    evidence=Evidence.DOCUMENTED,
    doc=f"{DOCS}create-new-checkout-15936347e0",
    title="Create New Checkout",
    find_out=_FIND_CHANGE,
    echoes=(_TOKEN, _METHOD),
)

CHECKOUT_ENDPOINTS = (
    CREATE_PAYMENT_REQUEST,
    LIST_CHECKOUTS,
    RETRIEVE_CHECKOUT,
    CREATE_CHECKOUT_VIRTUAL_ACCOUNT,
    RETRIEVE_VA_BANK_INFORMATION,
    CREATE_NEW_CHECKOUT,
)
