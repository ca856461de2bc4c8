"""The request bodies of Create Payin and Create Virtual Account.

The provider documents almost nothing about both bodies. Therefore the names of their fields are taken from other pages
of its documentation.
"""

from msgspec import UNSET, UnsetType

from paycombat_async.sandbox.bodies import Country, Currency, Number, OptionalObject, OptionalText, RequestBody, Text


class NewPayin(RequestBody, frozen=True, kw_only=True):
    """The request body of Create Payin. The provider documents only `payer_id`."""

    amount: Number
    currency: Currency
    payin_method_name: Text
    payer_id: OptionalText = UNSET
    payin_method_param: OptionalObject = UNSET
    redirect_url: OptionalText = UNSET
    advanced_redirect_url: OptionalObject = UNSET
    payin_type: OptionalText = UNSET
    receipt_email: OptionalText = UNSET
    checkout_id: OptionalText = UNSET
    description: OptionalText = UNSET
    customer_id: OptionalText = UNSET
    organization_reference_id: OptionalText = UNSET
    metadata: OptionalObject = UNSET
    expire_at: int | UnsetType = UNSET
    webhook_url: OptionalText = UNSET
    order_reference: OptionalText = UNSET
    customer_full_name: OptionalText = UNSET
    customer_email: OptionalText = UNSET
    customer_phone: OptionalText = UNSET


class NewVirtualAccount(RequestBody, frozen=True, kw_only=True):
    """The request body of Create Virtual Account.

    The provider's guide for KRW lists what the body contains (customer, payin method, account, currency, amount,
    country), but no names of fields. The names here are those of Create Payin; the names of account and country are
    guesses.
    """

    payin_method_name: Text
    currency: Currency
    amount: Number | UnsetType = UNSET
    country: Country | UnsetType = UNSET
    customer_id: OptionalText = UNSET
    customer_full_name: OptionalText = UNSET
    customer_email: OptionalText = UNSET
    customer_phone: OptionalText = UNSET
    account_name: OptionalText = UNSET
    account_number: OptionalText = UNSET
