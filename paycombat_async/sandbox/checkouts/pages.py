"""Which fields of a checkout each of the provider's pages shows, in the page's order.

Written from the record by hand, not from the schemas, so that a field the schemas lack is seen as one.
"""

from paycombat_async.schemas import Page
from paycombat_async.schemas.checkouts import Checkout

_BOTH = (
    "id",
    "checkout_token",
    "amount",
    "currency",
    "country_code",
    "country_name",
    "payin_method_name",
    "payin_type",
    "description",
    "merchant_id",
    "customer_id",
    "redirect_url",
    "advanced_redirect_url",
    "expire_at",
    "additional_info",
    "created_at",
    "updated_at",
    "deleted_at",
)
_DETAILED = (*_BOTH, "checkout_url", "order_summary", "webhook_url")


def detailed_page(checkout: Checkout) -> dict[str, object]:
    """As on "Get Detail Checkout". No answer of "Create Payment Request" is on record; it is shown like this, too."""
    return {name: getattr(checkout, name) for name in _DETAILED}


def changed_page(checkout: Checkout) -> dict[str, object]:
    """As on "Create New Checkout". "Create Virtual Account [KRW]" is cut off on record and begins like it."""
    return {name: getattr(checkout, name) for name in _BOTH}


def list_page(page: Page[Checkout]) -> dict[str, object]:
    """No answer of "Get All Checkout" is on record; items beside their total is the commonest form."""
    return {"data": [detailed_page(checkout) for checkout in page.items], "total": page.total}
