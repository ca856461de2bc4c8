"""Test doubles, signed webhooks and a detector of leaked secrets, for tests of code that uses the client."""

from paycombat_async.testing.canary import SecretCanary
from paycombat_async.testing.delivery import WebhookAnswer, deliver_to_asgi, deliver_to_wsgi
from paycombat_async.testing.doubles import FakeClock, FakeTransport
from paycombat_async.testing.webhooks import SignedWebhook, signed_webhook

__all__ = [
    "FakeClock",
    "FakeTransport",
    "SecretCanary",
    "SignedWebhook",
    "WebhookAnswer",
    "deliver_to_asgi",
    "deliver_to_wsgi",
    "signed_webhook",
]
