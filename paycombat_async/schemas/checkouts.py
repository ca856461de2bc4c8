"""Requests and responses of checkouts. Fields are in the order of the provider's pages.

https://docs.paycombat.com/get-detail-checkout-13145826e0
https://docs.paycombat.com/create-new-checkout-15936347e0
https://docs.paycombat.com/create-virtual-account-krw-17354379e0
"""

from decimal import Decimal

from paycombat_async.schemas._base import Identity, Reference, Request, RequiredText, Response


class CreatePaymentRequest(Request, frozen=True, kw_only=True):
    """A new checkout. Its fields are not documented: pass them in `extra`.

    "Get Detail Checkout" shows the fields of a checkout: `amount`, `currency`, `country_code`, `description`,
    `customer_id`, `redirect_url`, `expire_at`, `webhook_url`. Amounts are `Decimal` or `int`, never `float`.
    """


class CreateNewCheckout(Request, frozen=True, kw_only=True):
    """The payin method that a checkout's customer has chosen."""

    _shown = ("payin_method_name",)

    checkout_token: RequiredText
    payin_method_name: RequiredText


class CreateCheckoutVirtualAccount(Request, frozen=True, kw_only=True):
    """The bank at which a checkout's virtual account is opened (KRW), by its Korean name, as in KDB산업은행."""

    _shown = ("payin_method_name",)

    checkout_token: RequiredText
    payin_method_name: RequiredText


class Checkout(Response, frozen=True, kw_only=True):
    """A checkout. Times are str in ISO 8601, UTC; `country_code` is ISO 3166, and EU for the euro.

    Send the customer to `checkout_url`, and nobody else: it carries your X-token, so it is left out of `repr`.
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
    # Inferred: only Finmo, the provider's upstream, shows the following two fields.
    checkout_id: Reference = None
    status: str | None = None
