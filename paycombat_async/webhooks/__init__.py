"""Webhooks: verify the signature, decode the event, process it once. No client is needed; only the inbox does I/O."""

from paycombat_async.errors import InvalidPayload, SignatureMismatch, WebhookError
from paycombat_async.schemas.events import (
    PayinExpired,
    PayinFailed,
    PayinSucceeded,
    PayoutFailed,
    PayoutReturned,
    PayoutSucceeded,
    UnknownEvent,
    VirtualAccountRegistered,
    WebhookEvent,
)
from paycombat_async.webhooks.doctor import Candidate, Cause, Diagnosis, diagnose
from paycombat_async.webhooks.inbox import Inbox, MemoryInbox, Receipt
from paycombat_async.webhooks.inbox_sqlite import SqliteInbox
from paycombat_async.webhooks.verify import Headers, Webhooks, unwrap, verify

__all__ = [
    "Candidate",
    "Cause",
    "Diagnosis",
    "Headers",
    "Inbox",
    "InvalidPayload",
    "MemoryInbox",
    "PayinExpired",
    "PayinFailed",
    "PayinSucceeded",
    "PayoutFailed",
    "PayoutReturned",
    "PayoutSucceeded",
    "Receipt",
    "SignatureMismatch",
    "SqliteInbox",
    "UnknownEvent",
    "VirtualAccountRegistered",
    "WebhookError",
    "WebhookEvent",
    "Webhooks",
    "diagnose",
    "unwrap",
    "verify",
]
