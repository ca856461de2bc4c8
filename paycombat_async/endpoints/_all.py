"""All endpoints in one tuple, in the order of the provider's sidebar."""

from typing import Any

from paycombat_async.endpoints._checkouts import CHECKOUT_ENDPOINTS
from paycombat_async.endpoints._customers import CUSTOMER_ENDPOINTS
from paycombat_async.endpoints._endpoint import Endpoint
from paycombat_async.endpoints._methods import LIST_PAYMENT_METHODS, METHOD_ENDPOINTS, RETRIEVE_PAYOUT_BALANCE
from paycombat_async.endpoints._payins import PAYIN_ENDPOINTS
from paycombat_async.endpoints._payouts import PAYOUT_ENDPOINTS

# The type is `Endpoint[Any, Any]`, because each endpoint has its own types of request and response.
ENDPOINTS: tuple[Endpoint[Any, Any], ...] = (
    *METHOD_ENDPOINTS,
    *PAYIN_ENDPOINTS,
    *PAYOUT_ENDPOINTS,
    *CHECKOUT_ENDPOINTS,
    *CUSTOMER_ENDPOINTS,
    RETRIEVE_PAYOUT_BALANCE,
    LIST_PAYMENT_METHODS,
)
