"""The routes of all endpoints: for each one, its function and the form of its response."""

from typing import Any

from paycombat_async.sandbox.checkouts.routes import CHECKOUT_ROUTES
from paycombat_async.sandbox.customers.routes import CUSTOMER_ROUTES
from paycombat_async.sandbox.methods.routes import METHOD_ROUTES
from paycombat_async.sandbox.payins.routes import PAYIN_ROUTES
from paycombat_async.sandbox.payouts.routes import PAYOUT_ROUTES
from paycombat_async.sandbox.routing import Route

# Any: `Route` is invariant in its type parameters, so no narrower type includes all routes. The types of each route are
# checked in the call of `route` that makes it.
ROUTES: tuple[Route[Any, Any], ...] = (
    *METHOD_ROUTES,
    *PAYIN_ROUTES,
    *PAYOUT_ROUTES,
    *CHECKOUT_ROUTES,
    *CUSTOMER_ROUTES,
)

PATHS = {route.endpoint.name: route.path for route in ROUTES if route.endpoint.path is None}
