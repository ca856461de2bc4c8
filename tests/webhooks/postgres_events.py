"""Events for the tests of the inbox in PostgreSQL."""

import json

from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.webhooks.events import read_event


def event(status: str, kind: str = "PAYIN", number: object = 1, **more: object) -> WebhookEvent:
    return read_event(json.dumps({"id": f"id-{number}", "type": kind, "status": status, **more}).encode())


PAID, EXPIRED, OTHER = event("SUCCESS"), event("EXPIRED"), event("SUCCESS", number=2)
SENT, RETURNED = event("SUCCESS", "PAYOUT"), event("RETURNED", "PAYOUT")
