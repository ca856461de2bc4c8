"""Webhooks for blocking code.

The inboxes block. All other names stand for the same objects as in `paycombat_async.webhooks`.
"""

from paycombat_async.webhooks import (
    Candidate,
    Cause,
    Damaged,
    Depth,
    Diagnosis,
    Headers,
    InvalidPayload,
    LeaseLost,
    PayinExpired,
    PayinFailed,
    PayinSucceeded,
    PayoutFailed,
    PayoutReturned,
    PayoutSucceeded,
    Receipt,
    SignatureMismatch,
    UnknownEvent,
    VirtualAccountRegistered,
    WebhookError,
    WebhookEvent,
    Webhooks,
    diagnose,
    judge,
    read,
    unwrap,
    verify,
)
from paycombat_sync.webhooks.delivery import Delivery, PostgresDelivery
from paycombat_sync.webhooks.inbox import Inbox
from paycombat_sync.webhooks.inboxes import MemoryInbox, SqliteInbox
from paycombat_sync.webhooks.postgres import PostgresInbox

__all__ = [
    "Candidate",
    "Cause",
    "Damaged",
    "Delivery",
    "Depth",
    "Diagnosis",
    "Headers",
    "Inbox",
    "InvalidPayload",
    "LeaseLost",
    "MemoryInbox",
    "PayinExpired",
    "PayinFailed",
    "PayinSucceeded",
    "PayoutFailed",
    "PayoutReturned",
    "PayoutSucceeded",
    "PostgresDelivery",
    "PostgresInbox",
    "Receipt",
    "SignatureMismatch",
    "SqliteInbox",
    "UnknownEvent",
    "VirtualAccountRegistered",
    "WebhookError",
    "WebhookEvent",
    "Webhooks",
    "diagnose",
    "judge",
    "read",
    "unwrap",
    "verify",
]
