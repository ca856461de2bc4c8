"""The routes of the read-only endpoints (methods, currencies, balance): the function and response form of each."""

from paycombat_async.endpoints import (
    LIST_COUNTRIES_AND_CURRENCIES,
    LIST_PAYIN_METHODS,
    LIST_PAYMENT_METHODS,
    LIST_PAYOUT_METHODS,
    RETRIEVE_PAYIN_METHOD,
    RETRIEVE_PAYOUT_BALANCE,
)
from paycombat_async.sandbox.envelopes import envelope_a
from paycombat_async.sandbox.methods.handlers import (
    list_countries_and_currencies,
    list_payin_methods,
    list_payment_methods,
    list_payout_methods,
    retrieve_payin_method,
    retrieve_payout_balance,
)
from paycombat_async.sandbox.methods.pages import (
    balance_page,
    payin_method_page,
    payin_methods_page,
    payout_methods_page,
)
from paycombat_async.sandbox.routing import as_it_is, route

METHOD_ROUTES = (
    route(
        LIST_COUNTRIES_AND_CURRENCIES,
        list_countries_and_currencies,
        envelope=envelope_a,
        show=as_it_is,
        path="/api/v1/master-data/country-currency",
    ),
    route(LIST_PAYOUT_METHODS, list_payout_methods, envelope=envelope_a, show=payout_methods_page),
    route(LIST_PAYIN_METHODS, list_payin_methods, envelope=envelope_a, show=payin_methods_page),
    route(RETRIEVE_PAYIN_METHOD, retrieve_payin_method, envelope=envelope_a, show=payin_method_page),
    route(
        LIST_PAYMENT_METHODS,
        list_payment_methods,
        envelope=envelope_a,
        show=payin_methods_page,
        path="/api/v1/payment-method/{currency}",
    ),
    route(RETRIEVE_PAYOUT_BALANCE, retrieve_payout_balance, envelope=envelope_a, show=balance_page),
)
