"""Endpoints of customers, in the order of the provider's pages."""

from types import NoneType

from paycombat_async.endpoints._endpoint import DOCS, Endpoint, Evidence, IntentUse, Repeat
from paycombat_async.schemas.customers import CreateCustomer, Customer, DeletedCustomer, UpdateCustomer, WalletReadiness
from paycombat_async.schemas.envelope import Page

# https://docs.paycombat.com/create-customer-12819564e0
CREATE_CUSTOMER = Endpoint(
    name="customers.create",
    method="POST",
    path="/api/v1/customer/create",
    request=CreateCustomer,
    response=Customer,
    repeat=Repeat.ONLY_IF_UNSENT,
    signed=True,
    evidence=Evidence.DOCUMENTED,
    doc=f"{DOCS}create-customer-12819564e0",
    title="Create Customer",
    reference="organization_reference_id",
    intent=IntentUse.OPTIONAL,
    find_out="list your customers and compare organization_reference_id with .reference",
)

# https://docs.paycombat.com/update-customer-12819581e0
UPDATE_CUSTOMER = Endpoint(
    name="customers.update",
    method="PATCH",
    path="/api/v1/customer/update",
    request=UpdateCustomer,
    response=Customer,
    repeat=Repeat.SAFE,
    signed=True,
    evidence=Evidence.DOCUMENTED,
    doc=f"{DOCS}update-customer-12819581e0",
    title="Update Customer",
)

# Only the HTTP method is documented. The path is the path of "Get Detail Customer by Id" without the id. The names of
# the query parameters are from Finmo, the provider's upstream. Finmo also accepts type, created_at, include_deleted,
# start_time and end_time.
LIST_CUSTOMERS = Endpoint(
    name="customers.list",
    method="GET",
    path="/api/v1/customer/customer",
    request=NoneType,
    response=Page[Customer],
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=DOCS,
    title="Get All Customer",
    page_parameter="page",
    size_parameter="limit",
    alternatives=("/api/v1/customer", "/api/v1/customer/all"),
)

# https://docs.paycombat.com/get-detail-customer-by-id-12819568e0 (the path really contains "customer" twice)
RETRIEVE_CUSTOMER = Endpoint(
    name="customers.retrieve",
    method="GET",
    path="/api/v1/customer/customer/{customer_id}",
    request=NoneType,
    response=Customer,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.DOCUMENTED,
    doc=f"{DOCS}get-detail-customer-by-id-12819568e0",
    title="Get Detail Customer by Id",
)

# https://docs.paycombat.com/check-is-customer-wallet-ready-12819594e0 (the page shows neither the path nor the answer)
CHECK_WALLET_READY = Endpoint(
    name="customers.check_wallet_ready",
    method="GET",
    path=None,
    request=NoneType,
    response=WalletReadiness,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=f"{DOCS}check-is-customer-wallet-ready-12819594e0",
    title="Check Is Customer Wallet Ready",
    alternatives=(
        "/api/v1/customer/wallet-ready/{customer_id}",
        "/api/v1/customer/check-wallet-ready/{customer_id}",
        "/api/v1/customer/is-wallet-ready/{customer_id}",
        "/api/v1/customer/{customer_id}/wallet-ready",
    ),
)

# https://docs.paycombat.com/enable-customer-12823648e0
# The body is not documented. The path is guessed from the path of "Disable Customer".
ENABLE_CUSTOMER = Endpoint(
    name="customers.enable",
    method="PATCH",
    path="/api/v1/customer/enable/{customer_id}",
    request=NoneType,
    response=Customer,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=f"{DOCS}enable-customer-12823648e0",
    title="Enable Customer",
    alternatives=("/api/v1/customer/{customer_id}/enable",),
)

# https://docs.paycombat.com/disable-customer-12823650e0 (a PATCH without a body; the page lists no signature header)
DISABLE_CUSTOMER = Endpoint(
    name="customers.disable",
    method="PATCH",
    path="/api/v1/customer/disable/{customer_id}",
    request=NoneType,
    response=Customer,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.DOCUMENTED,
    doc=f"{DOCS}disable-customer-12823650e0",
    title="Disable Customer",
)

# https://docs.paycombat.com/delete-customer-12823656e0
# The body is not documented. The path is guessed from the path of "Disable Customer".
DELETE_CUSTOMER = Endpoint(
    name="customers.delete",
    method="DELETE",
    path="/api/v1/customer/delete/{customer_id}",
    request=NoneType,
    response=DeletedCustomer,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=f"{DOCS}delete-customer-12823656e0",
    title="Delete Customer",
    may_be_empty=True,
    alternatives=("/api/v1/customer/{customer_id}",),
)

CUSTOMER_ENDPOINTS = (
    CREATE_CUSTOMER,
    UPDATE_CUSTOMER,
    LIST_CUSTOMERS,
    RETRIEVE_CUSTOMER,
    CHECK_WALLET_READY,
    ENABLE_CUSTOMER,
    DISABLE_CUSTOMER,
    DELETE_CUSTOMER,
)
