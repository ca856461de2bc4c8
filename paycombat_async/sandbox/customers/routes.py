"""The routes of the customer endpoints: for each one, its function and the form of its response."""

from http import HTTPStatus

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
from paycombat_async.sandbox.customers.handlers import (
    check_wallet_ready,
    create_customer,
    delete_customer,
    disable_customer,
    enable_customer,
    list_customers,
    retrieve_customer,
    update_customer,
)
from paycombat_async.sandbox.customers.pages import deleted_page, detailed_page, list_page, updated_page, wallet_page
from paycombat_async.sandbox.envelopes import envelope_a, envelope_b, envelope_c
from paycombat_async.sandbox.routing import route

CUSTOMER_ROUTES = (
    # The response of "Create Customer" is undocumented. The sandbox returns status 201 and the same envelope (the JSON
    # around the data) as for "Update Customer".
    route(CREATE_CUSTOMER, create_customer, envelope=envelope_b, show=updated_page, status=HTTPStatus.CREATED),
    route(UPDATE_CUSTOMER, update_customer, envelope=envelope_b, show=updated_page),
    route(LIST_CUSTOMERS, list_customers, envelope=envelope_a, show=list_page),
    route(RETRIEVE_CUSTOMER, retrieve_customer, envelope=envelope_a, show=detailed_page),
    route(
        CHECK_WALLET_READY,
        check_wallet_ready,
        envelope=envelope_c,
        show=wallet_page,
        path="/api/v1/customer/wallet-ready/{customer_id}",
    ),
    route(ENABLE_CUSTOMER, enable_customer, envelope=envelope_c, show=detailed_page),
    route(DISABLE_CUSTOMER, disable_customer, envelope=envelope_c, show=detailed_page),
    route(DELETE_CUSTOMER, delete_customer, envelope=envelope_c, show=deleted_page),
)
