"""Requests and responses of checkouts. Fields are in the order of the provider's pages.

https://docs.paycombat.com/get-detail-checkout-13145826e0
https://docs.paycombat.com/create-new-checkout-15936347e0
https://docs.paycombat.com/create-virtual-account-krw-17354379e0
"""

from decimal import Decimal

from paycombat_async.schemas._base import Identity, Reference, Request, RequiredText, Response


class CreatePaymentRequest(Request, frozen=True, kw_only=True):
    """A new checkout. The fields of this request are not documented, so pass them in `extra`.

    The names to pass are probably those of an existing checkout on the page "Get Detail Checkout": `amount`,
    `currency`, `country_code`, `description`, `customer_id`, `redirect_url`, `expire_at`, `webhook_url`. Amounts must
    be `Decimal` or `int`, and not `float`.
    """


class CreateNewCheckout(Request, frozen=True, kw_only=True):
    """The request that tells the provider which payin method the customer of a checkout has chosen."""

    _shown = ("payin_method_name",)

    checkout_token: RequiredText
    payin_method_name: RequiredText


class CreateCheckoutVirtualAccount(Request, frozen=True, kw_only=True):
    """The request that opens a virtual account (KRW) for a checkout.

    `payin_method_name` is the Korean name of the bank, such as KDB산업은행.
    """

    _shown = ("payin_method_name",)

    checkout_token: RequiredText
    payin_method_name: RequiredText


class Checkout(Response, frozen=True, kw_only=True):
    """A checkout. Times are str in ISO 8601, UTC. `country_code` is an ISO 3166 code, or EU for the euro.

    Show `checkout_url` only to the customer, because it contains your X-token. Therefore `repr` does not show it.
    """

    _shown = ("id", "amount", "currency")

    id: Identity = ""
    checkout_token: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    country_code: str | None = None
    country_name: str | None = None
    payin_method_name: str | None = None
    payin_type: str | None = None
    description: str | None = None
    merchant_id: Reference = None
    customer_id: Reference = None
    redirect_url: str | None = None
    advanced_redirect_url: dict[str, object] | None = None
    expire_at: str | None = None
    additional_info: dict[str, object] | None = None
    created_at: str | None = None
    updated_at: str | None = None
    deleted_at: str | None = None
    checkout_url: str | None = None
    order_summary: dict[str, object] | None = None
    webhook_url: str | None = None
    # The following two fields are inferred, because only the pages of Finmo, the provider's upstream, show them.
    checkout_id: Reference = None
    status: str | None = None
