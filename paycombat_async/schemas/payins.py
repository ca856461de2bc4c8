"""Requests, responses and webhooks of payins. Their fields have the order of the provider's pages.

https://docs.paycombat.com/create-payin-12823303e0
https://docs.paycombat.com/retrieve-payin-12823155e0
https://docs.paycombat.com/payin-krw-server-to-server-984535m0
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from paycombat_async.schemas._base import Identity, Reference, Request, Response


class PayinStatus(StrEnum):
    """The known values of `Payin.status`.

    SUCCESS is documented, FAILED and EXPIRED are in the titles of webhook pages, and PENDING is inferred from the
    statuses of payouts.
    """

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class VirtualAccountStatus(StrEnum):
    """The known values of `VirtualAccount.status`, from the provider's guide for KRW."""

    APPROVED = "APPROVED"
    FAILED = "FAILED"


class CreatePayin(Request, frozen=True, kw_only=True):
    """A new payin. Its fields are not publicly documented, so pass all fields except `payer_id` in `extra`.

    `payer_id` is the `id` of a virtual account (KRW). This provider wraps the API of Finmo, in which a payin has the
    fields `amount`, `currency`, `payin_method_name` and `payin_method_param`. Amounts must be `Decimal` or `int`, and
    not `float`.
    """

    _shown = ("payer_id",)

    payer_id: str | UnsetType = UNSET


class SimulatePayin(Request, frozen=True, kw_only=True):
    """Makes a sandbox payin succeed or fail. The fields are a guess: `extra={"payin_id": …, "status": "SUCCESS"}`."""


class CreateVirtualAccount(Request, frozen=True, kw_only=True):
    """A new virtual account (KRW).

    The provider's guide says that the request has the customer, the payin method, the account, currency, amount and
    country, but does not say the names of these fields. Pass the fields in `extra`.
    """


class Payin(Response, frozen=True, kw_only=True):
    """A payin. `amount_type` is the ISO code of the currency, and `currency` is FIAT. Times are str in ISO 8601, UTC.

    The page "Retrieve Payin" and the payin webhooks have different fields, and this Struct has the fields of both. It
    is not documented whether `amount` or `original_amount` is the requested amount, so compare both yourself.
    """

    _shown = ("id", "order_reference", "status", "type")

    id: Identity = ""
    payin_id_finmo: str | None = None
    merchant_id: Reference = None
    status: Annotated[str | None, Meta(extra={"known": PayinStatus})] = None
    amount: Decimal | None = None
    original_amount: Decimal | None = None
    amount_type: str | None = None
    transaction: str | None = None
    transaction_date: str | None = None
    payment_method: str | None = None
    order_reference: str | None = None
    customer_full_name: str | None = None
    reply_code: str | None = None
    brand: str | None = None
    currency: str | None = None
    credit_type: str | None = None
    payer_id: Reference = None
    recon_id: Reference = None
    order_reference_1: str | None = None
    order_reference_2: str | None = None
    platform_identifier: str | None = None
    trx_type: str | None = None
    customer_email: str | None = None
    customer_phone: str | None = None
    customer_personal_number: str | None = None
    fee_taken: Decimal | None = None
    fee_expected: Decimal | None = None
    charge_back: Decimal | None = None
    rolling_serve: Decimal | None = None  # the provider's spelling of "reserve"
    retrieval: Decimal | None = None
    is_black_list: int | None = None  # the provider writes 0 or 1
    ip_address: str | None = None
    billing_address_country: str | None = None
    billing_address_city: str | None = None
    billing_address_zip_code: str | None = None
    billing_address: str | None = None
    bin: str | None = None
    is_3ds: object = None
    bank_psp: object = None
    created_at: str | None = None
    updated_at: str | None = None
    deleted_at: str | None = None
    payment_date: str | None = None
    type: str | None = None  # in webhooks only
    # `pay_code` is inferred, because only the pages of Finmo, the provider's upstream, show it. The payer needs its
    # `text` or its `redirect_url`.
    pay_code: dict[str, object] | None = None


class VirtualAccount(Response, frozen=True, kw_only=True):
    """A virtual account (KRW). When the provider has approved it, pass its `id` as the `payer_id` of a payin.

    Only the `id` in the answer and the `status` in the callback are documented.
    """

    _shown = ("id", "status")

    id: Identity = ""
    status: Annotated[str | None, Meta(extra={"known": VirtualAccountStatus})] = None
