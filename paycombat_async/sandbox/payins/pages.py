"""Bodies of payin responses and webhooks: the documented fields, in the documented order.

The fields are copied from the provider's documentation, not from the SDK's schemas. A field that is missing in the
schemas therefore makes a test fail.
"""

from decimal import Decimal
from typing import Final

from paycombat_async.sandbox.records import Record
from paycombat_async.schemas.payins import Payin, VirtualAccount

_SHARED: Final = (
    "amount_type",
    "transaction",
    "transaction_date",
    "payment_method",
    "order_reference",
    "customer_full_name",
    "reply_code",
    "brand",
    "currency",
    "credit_type",
    "payer_id",
    "recon_id",
    "order_reference_1",
    "order_reference_2",
    "platform_identifier",
    "trx_type",
    "customer_email",
    "customer_phone",
    "customer_personal_number",
    "fee_taken",
    "fee_expected",
    "charge_back",
    "rolling_serve",
    "retrieval",
    "is_black_list",
    "ip_address",
    "billing_address_country",
    "billing_address_city",
    "billing_address_zip_code",
    "billing_address",
    "bin",
    "is_3ds",
)
_STAMPS: Final = ("created_at", "updated_at", "deleted_at", "payment_date")
_ANSWERED: Final = ("id", "merchant_id", "status", "amount", *_SHARED, "bank_psp", *_STAMPS)
_IN_WEBHOOKS: Final = ("id", "merchant_id", "status", "amount", "original_amount", *_SHARED, *_STAMPS, "type")
_NULL_IN_WEBHOOKS: Final = frozenset({"deleted_at", "payment_date"})


def answered_page(payin: Payin) -> dict[str, object]:
    """Returns the response of "Retrieve Payin"."""
    return {name: getattr(payin, name) for name in _ANSWERED}


def account_page(account: VirtualAccount) -> dict[str, object]:
    """Returns the response of "Create Virtual Account", which has only the field `id`. No other field is documented."""
    return {"id": account.id}


def webhook_of_payin(record: Record) -> dict[str, object]:
    """Returns the body of "Webhook PAYIN SUCCESS".

    Most fields that are null in "Retrieve Payin" are "" here. If only a part was paid, `amount` is the paid part, and
    `original_amount` is the requested amount. These two meanings are a guess, because the provider does not document
    them.
    """
    amount = Decimal(record.document["amount"])
    original = Decimal(record.document.get("original_amount", amount))
    document = record.document | {"amount": amount, "original_amount": original, "type": "PAYIN"}
    return {name: document.get(name, None if name in _NULL_IN_WEBHOOKS else "") for name in _IN_WEBHOOKS}


def webhook_of_account(record: Record) -> dict[str, object]:
    """Returns the body of "VA Register Callback", the webhook about a virtual account.

    The provider documents only `status`. The sandbox adds `id`, which says which account it is.
    """
    return {"id": record.id, "status": record.status}
