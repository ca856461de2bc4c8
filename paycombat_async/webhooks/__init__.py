"""Webhooks: verified, read from what verified, typed. Usable without a client; nothing here does I/O."""

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
from paycombat_async.webhooks.verify import Webhooks, unwrap, verify

__all__ = [
    "InvalidPayload",
    "PayinExpired",
    "PayinFailed",
    "PayinSucceeded",
    "PayoutFailed",
    "PayoutReturned",
    "PayoutSucceeded",
    "SignatureMismatch",
    "UnknownEvent",
    "VirtualAccountRegistered",
    "WebhookError",
    "WebhookEvent",
    "Webhooks",
    "unwrap",
    "verify",
]
