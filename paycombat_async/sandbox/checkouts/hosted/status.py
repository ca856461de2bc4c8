"""The status of a checkout that its payment page shows."""

from enum import StrEnum

from paycombat_async.sandbox.checkouts.paying import PAID_BY
from paycombat_async.sandbox.checkouts.rules import CANCELLED_AT, fitting_methods
from paycombat_async.sandbox.checkouts.table import Document


class Status(StrEnum):
    """The statuses of a checkout. UNPAYABLE means that no payin method allows its currency and amount."""

    OPEN = "OPEN"
    UNPAYABLE = "UNPAYABLE"
    PAID = "PAID"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


def status_of(document: Document, now: str) -> Status:
    """Returns the status of a checkout at the time `now`, which is written as in the provider's API."""
    if PAID_BY in document:
        return Status.PAID
    if CANCELLED_AT in document:
        return Status.CANCELLED
    if document["expire_at"] <= now:
        return Status.EXPIRED
    return Status.OPEN if fitting_methods(document) else Status.UNPAYABLE
