"""Bodies of payout responses and webhooks: the documented fields, in the documented order.

The fields are copied from the provider's documentation, not from the SDK's schemas. A field that is missing in the
schemas therefore makes a test fail.
"""

from decimal import Decimal
from typing import Final

from paycombat_async.sandbox.records import Record
from paycombat_async.schemas import Page
from paycombat_async.schemas.payouts import Payout

_ANSWERED: Final = (
    "id",
    "payout_id_finmo",
    "merchant_id",
    "reply_code_id_pg",
    "status",
    "wire_id",
    "order_id",
    "due_date",
    "last_action",
    "wire_amount",
    "fee_taken",
    "fee_expected",
    "payee_name",
    "currency",
    "beneficiary",
    "beneficiary_bank",
    "beneficiary_account_number",
    "beneficiary_account_iban",
    "wire_origin",
    "conversion",
    "process",
    "approval",
    "created_at",
    "updated_at",
    "approved_at",
    "denied_at",
    "pending_at",
)
_IN_WEBHOOKS: Final = (
    "id",
    "merchant_id",
    "status",
    "wire_id",
    "order_id",
    "due_date",
    "last_action",
    "original_amount",
    "payee_name",
    "currency",
    "beneficiary",
    "beneficiary_bank",
    "beneficiary_account_number",
    "beneficiary_account_iban",
    "wire_origin",
    "conversion",
    "approval",
    "created_at",
    "updated_at",
    "approved_at",
    "denied_at",
    "pending_at",
    "type",
)
# Fields that only the webhook of a successful payout has. The provider documents them in the schema of "Webhook PAYOUT
# SUCCESS", but neither in the example of this webhook nor in the webhook of a failed payout.
_OF_SUCCESS: Final = ("wire_amount", "fee_taken", "fee_expected")


def created_page(payout: Payout) -> dict[str, object]:
    """Returns the response of "Create Payout". Unlike "Retrieve Payout", it has null in `created_at`."""
    return answered_page(payout) | {"created_at": None}


def answered_page(payout: Payout) -> dict[str, object]:
    """Returns the response of "Retrieve Payout"."""
    return {name: getattr(payout, name) for name in _ANSWERED}


def list_page(page: Page[Payout]) -> dict[str, object]:
    """Returns a page of payouts as `{data, total}`, the most common form of a list in the provider's API.

    The response of "Get All Payout" is undocumented.
    """
    return {"data": [answered_page(payout) for payout in page.items], "total": page.total}


def webhook_of_payout(record: Record) -> dict[str, object]:
    """Returns the body of a webhook about a payout, as the provider documents it for "Webhook PAYOUT SUCCESS".

    `original_amount` is a str, and the account number is null.
    """
    document = record.document
    names = (*_IN_WEBHOOKS, *_OF_SUCCESS) if record.status == "SUCCESS" else _IN_WEBHOOKS
    values = document | {
        "original_amount": document["wire_amount"],
        "wire_amount": Decimal(document["wire_amount"]),
        "beneficiary_account_number": None,
        "type": "PAYOUT",
    }
    return {name: values.get(name) for name in names}
