"""Builds the JSON object that the sandbox stores for a payin. Responses and webhooks are made from this object."""

from collections.abc import Mapping
from decimal import Decimal

from paycombat_async.sandbox.amounts import text_of
from paycombat_async.sandbox.lifecycle import MERCHANT
from paycombat_async.sandbox.records import Document
from paycombat_async.sandbox.transitions import PENDING


def payin_document(*, currency: str, method: str, amount: Decimal, sent: Mapping[str, str | None]) -> Document:
    """Returns the JSON object to store for a new payin, without its id and times.

    `sent` contains the fields with the merchant's own data, such as the order reference. A field that is None or
    missing is null in responses, and "" in webhooks.
    """
    return {name: text for name, text in sent.items() if text is not None} | {
        "merchant_id": MERCHANT,
        "status": PENDING,
        "amount": text_of(amount),
        "amount_type": currency,
        "payment_method": method,
        "currency": "FIAT",
        "credit_type": "PAYIN",
        "trx_type": "DIRECT_PAYIN",
        "fee_taken": 0,
        "fee_expected": 0,
        "charge_back": 0,
        "rolling_serve": 0,
        "retrieval": 0,
        "is_black_list": 0,
    }
