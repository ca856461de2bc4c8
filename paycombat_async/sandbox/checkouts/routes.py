"""The routes of the checkout endpoints: for each one, its function and the form of its response."""

from http import HTTPStatus

from paycombat_async.endpoints import (
    CREATE_CHECKOUT_VIRTUAL_ACCOUNT,
    CREATE_NEW_CHECKOUT,
    CREATE_PAYMENT_REQUEST,
    LIST_CHECKOUTS,
    RETRIEVE_CHECKOUT,
    RETRIEVE_VA_BANK_INFORMATION,
)
from paycombat_async.sandbox.checkouts.bodies import PaymentRequest
from paycombat_async.sandbox.checkouts.handlers import (
    create_checkout_virtual_account,
    create_new_checkout,
    create_payment_request,
    list_checkouts,
    retrieve_checkout,
    retrieve_va_bank_information,
)
from paycombat_async.sandbox.checkouts.pages import changed_page, detailed_page, list_page
from paycombat_async.sandbox.envelopes import envelope_a
from paycombat_async.sandbox.routing import as_it_is, route

CHECKOUT_ROUTES = (
    route(
        CREATE_PAYMENT_REQUEST,
        create_payment_request,
        body=PaymentRequest,
        envelope=envelope_a,
        show=detailed_page,
        status=HTTPStatus.CREATED,
    ),
    route(LIST_CHECKOUTS, list_checkouts, envelope=envelope_a, show=list_page),
    route(RETRIEVE_CHECKOUT, retrieve_checkout, envelope=envelope_a, show=detailed_page),
    route(CREATE_CHECKOUT_VIRTUAL_ACCOUNT, create_checkout_virtual_account, envelope=envelope_a, show=changed_page),
    route(
        RETRIEVE_VA_BANK_INFORMATION,
        retrieve_va_bank_information,
        envelope=envelope_a,
        show=as_it_is,
        path="/api/v1/checkout/va-bank-information",
    ),
    route(CREATE_NEW_CHECKOUT, create_new_checkout, envelope=envelope_a, show=changed_page),
)
