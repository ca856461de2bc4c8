"""The operations of the API. Each is declared once, with its method, path and types, and the evidence for its path.

The client's methods, the sandbox's routes, the README's table and the tests use these constants. The provider's
documentation is incomplete. Therefore the `evidence` of an endpoint says where its path comes from, and the client's
argument `paths=` corrects a wrong path.
"""

from paycombat_async.endpoints._all import ENDPOINTS
from paycombat_async.endpoints._checkouts import (
    CREATE_CHECKOUT_VIRTUAL_ACCOUNT,
    CREATE_NEW_CHECKOUT,
    CREATE_PAYMENT_REQUEST,
    LIST_CHECKOUTS,
    RETRIEVE_CHECKOUT,
    RETRIEVE_VA_BANK_INFORMATION,
)
from paycombat_async.endpoints._customers import (
    CHECK_WALLET_READY,
    CREATE_CUSTOMER,
    DELETE_CUSTOMER,
    DISABLE_CUSTOMER,
    ENABLE_CUSTOMER,
    LIST_CUSTOMERS,
    RETRIEVE_CUSTOMER,
    UPDATE_CUSTOMER,
)
from paycombat_async.endpoints._endpoint import Echo, Endpoint, Evidence, IntentUse, Method, Repeat, raw_endpoint
from paycombat_async.endpoints._methods import (
    LIST_COUNTRIES_AND_CURRENCIES,
    LIST_PAYIN_METHODS,
    LIST_PAYMENT_METHODS,
    LIST_PAYOUT_METHODS,
    RETRIEVE_PAYIN_METHOD,
    RETRIEVE_PAYOUT_BALANCE,
)
from paycombat_async.endpoints._payins import CREATE_PAYIN, CREATE_VIRTUAL_ACCOUNT, RETRIEVE_PAYIN, SIMULATE_PAYIN
from paycombat_async.endpoints._payouts import CREATE_PAYOUT, LIST_PAYOUTS, RETRIEVE_PAYOUT, SIMULATE_PAYOUT

__all__ = [
    "CHECK_WALLET_READY",
    "CREATE_CHECKOUT_VIRTUAL_ACCOUNT",
    "CREATE_CUSTOMER",
    "CREATE_NEW_CHECKOUT",
    "CREATE_PAYIN",
    "CREATE_PAYMENT_REQUEST",
    "CREATE_PAYOUT",
    "CREATE_VIRTUAL_ACCOUNT",
    "DELETE_CUSTOMER",
    "DISABLE_CUSTOMER",
    "ENABLE_CUSTOMER",
    "ENDPOINTS",
    "LIST_CHECKOUTS",
    "LIST_COUNTRIES_AND_CURRENCIES",
    "LIST_CUSTOMERS",
    "LIST_PAYIN_METHODS",
    "LIST_PAYMENT_METHODS",
    "LIST_PAYOUTS",
    "LIST_PAYOUT_METHODS",
    "RETRIEVE_CHECKOUT",
    "RETRIEVE_CUSTOMER",
    "RETRIEVE_PAYIN",
    "RETRIEVE_PAYIN_METHOD",
    "RETRIEVE_PAYOUT",
    "RETRIEVE_PAYOUT_BALANCE",
    "RETRIEVE_VA_BANK_INFORMATION",
    "SIMULATE_PAYIN",
    "SIMULATE_PAYOUT",
    "UPDATE_CUSTOMER",
    "Echo",
    "Endpoint",
    "Evidence",
    "IntentUse",
    "Method",
    "Repeat",
    "raw_endpoint",
]
