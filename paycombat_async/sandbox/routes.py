"""All routes of the sandbox."""

from typing import Any

from paycombat_async.sandbox.checkouts.routes import CHECKOUT_ROUTES
from paycombat_async.sandbox.customers.routes import CUSTOMER_ROUTES
from paycombat_async.sandbox.methods.routes import METHOD_ROUTES
from paycombat_async.sandbox.payins.routes import PAYIN_ROUTES
from paycombat_async.sandbox.payouts.routes import PAYOUT_ROUTES
from paycombat_async.sandbox.routing import Route

# Any: `Route` is invariant, so that no narrower type fits all routes. The types of each route are checked where it is
# made, in the call of `route`.
ROUTES: tuple[Route[Any, Any], ...] = (
    *METHOD_ROUTES,
    *PAYIN_ROUTES,
    *PAYOUT_ROUTES,
    *CHECKOUT_ROUTES,
    *CUSTOMER_ROUTES,
)

PATHS = {route.endpoint.name: route.path for route in ROUTES if route.endpoint.path is None}
