"""Response bodies of the checkout endpoints: the documented fields, in the documented order.

The fields are copied from the provider's documentation, not from the SDK's schemas. A field that is missing in the
schemas therefore makes a test fail.
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
    """Returns the response of "Get Detail Checkout".

    "Create Payment Request" has the same response, because its own response is undocumented.
    """
    return {name: getattr(checkout, name) for name in _DETAILED}


def changed_page(checkout: Checkout) -> dict[str, object]:
    """Returns the response of "Create New Checkout".

    "Create Virtual Account [KRW]" has the same response, because its own response is documented only in part.
    """
    return {name: getattr(checkout, name) for name in _BOTH}


def list_page(page: Page[Checkout]) -> dict[str, object]:
    """Returns a page of checkouts as `{data, total}`, the most common form of a list in the provider's API.

    The response of "Get All Checkout" is undocumented.
    """
    return {"data": [detailed_page(checkout) for checkout in page.items], "total": page.total}
