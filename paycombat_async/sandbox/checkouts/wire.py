"""What "Create Payment Request" takes here: the fields of "Get Detail Checkout", for its own body is not on record."""

from typing import Annotated, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from paycombat_async.sandbox.wire import Country, Currency, Number, OptionalObject, OptionalText, RequestBody

WrittenTime: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class PaymentRequest(RequestBody, frozen=True, kw_only=True):
    """A new checkout. `country_code` goes with the currency; `expire_at` is ISO 8601 with its offset from UTC."""

    amount: Number
    currency: Currency
    country_code: Country | UnsetType = UNSET
    description: OptionalText = UNSET
    customer_id: OptionalText = UNSET
    redirect_url: OptionalText = UNSET
    advanced_redirect_url: OptionalObject = UNSET
    expire_at: WrittenTime | UnsetType = UNSET
    additional_info: OptionalObject = UNSET
    order_summary: OptionalObject = UNSET
    webhook_url: OptionalText = UNSET
