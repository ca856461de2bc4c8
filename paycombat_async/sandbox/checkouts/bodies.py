"""The request body of "Create Payment Request".

The provider does not document this body. Therefore it has the fields of the response of "Get Detail Checkout".
"""

from typing import Annotated, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from paycombat_async.sandbox.bodies import Country, Currency, Number, OptionalObject, OptionalText, RequestBody

WrittenTime: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class PaymentRequest(RequestBody, frozen=True, kw_only=True):
    """The request body for a new checkout. `country_code` must be the country of the currency.

    `expire_at` is an ISO 8601 time with a UTC offset.
    """

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
