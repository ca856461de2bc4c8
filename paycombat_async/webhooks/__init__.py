"""Webhooks: verifies signatures, decodes events, and keeps each event in an inbox until it is processed.

No API client is needed. Only the inboxes do I/O.
"""

from paycombat_async.errors import InvalidPayload, LeaseLost, SignatureMismatch, WebhookError
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
from paycombat_async.webhooks.events import read_event as read
from paycombat_async.webhooks.inboxes.delivery import Delivery, PostgresDelivery
from paycombat_async.webhooks.inboxes.inbox import Damaged, Depth, Inbox, Receipt
from paycombat_async.webhooks.inboxes.memory import MemoryInbox
from paycombat_async.webhooks.inboxes.postgres import PostgresInbox
from paycombat_async.webhooks.inboxes.rules import judge
from paycombat_async.webhooks.inboxes.sqlite import SqliteInbox
from paycombat_async.webhooks.verify import Headers, Webhooks, unwrap, verify

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
