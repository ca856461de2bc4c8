"""Sample webhooks: bodies with the fields that the provider documents, and with invented values.

They are used by the command `paycombat webhooks send` and by `paycombat_async.testing.signed_webhook`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.lifecycle import MERCHANT, uuid_of
from paycombat_async.sandbox.payins.document import payin_document
from paycombat_async.sandbox.payins.pages import webhook_of_account, webhook_of_payin
from paycombat_async.sandbox.payouts.pages import webhook_of_payout
from paycombat_async.sandbox.records import Document, Kind, Record
from paycombat_async.sandbox.stringify import stringify

_KINDS: Final = {"payin": Kind.PAYIN, "payout": Kind.PAYOUT, "virtual_account": Kind.VIRTUAL_ACCOUNT}
_PAGES: Final[Mapping[Kind, Callable[[Record], dict[str, object]]]] = {
    Kind.PAYIN: webhook_of_payin,
    Kind.PAYOUT: webhook_of_payout,
    Kind.VIRTUAL_ACCOUNT: webhook_of_account,
}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_STATUSES: Final = {
    "succeeded": "SUCCESS",
    "failed": "FAILED",
    "expired": "EXPIRED",
    "returned": "RETURNED",
    "approved": "APPROVED",
}


def sample(event: str, now: float) -> dict[str, object]:
    """Returns the body of a sample webhook for an event such as payin_succeeded.

    `now` is the time of the event, in seconds since 1970. The id of the event is derived from `event` and `now`, so
    that two calls at different times give different ids.
    """
    subject, _, verb = event.rpartition("_")
    kind, status = _KINDS[subject], _STATUSES[verb]
    moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    times = {"created_at": moment, "updated_at": moment}
    document = (_payin(moment) if kind is Kind.PAYIN else _payout(moment, status)) | times
    record = Record(
        id=uuid_of(content_digest(f"{event} {now!r}".encode())[:32]),
        kind=kind,
        status=status,
        currency="AUD",
        amount=Decimal(50),
        reference=None,
        body_digest="",
        webhook_url=None,
        document=document,
    )
    record.document.update(id=record.id, status=status)
    return _PAGES[kind](record)


def encoded(payload: Mapping[str, object]) -> bytes:
    """Returns the HTTP body of a webhook: compact JSON as `JSON.stringify` writes it, with amounts as numbers."""
    return stringify(_ENCODER.encode(payload).decode()).encode()


def _payin(moment: str) -> Document:
    sent = {"order_reference": "order-1", "customer_full_name": "Mia Miller", "transaction_date": moment}
    return payin_document(currency="AUD", method="au_bank_npp", amount=Decimal(50), sent=sent)


def _payout(moment: str, status: str) -> Document:
    return {
        "merchant_id": MERCHANT,
        "wire_id": "w_txn_sample",
        "order_id": "order-1",
        "due_date": moment,
        "fee_taken": 0,
        "fee_expected": 0,
        "wire_amount": "50",
        "payee_name": "Mia Miller",
        "currency": "AUD",
        "beneficiary": "",
        "beneficiary_bank": "au_bank_acct",
        "approval": "FAILED" if status == "FAILED" else "APPROVED",
    }
