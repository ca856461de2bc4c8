"""The rules of every inbox, without I/O: which events are new or outdated, and how long events wait after a failure."""

from typing import Final, NamedTuple

from paycombat_async.errors import ConfigurationError, LeaseLost
from paycombat_async.schemas.events import REPLACED, UnknownEvent, WebhookEvent
from paycombat_async.webhooks.inboxes.inbox import Receipt

# The stage of each status, by type. Only a status of a later stage replaces the recorded status of a payin or payout.
# An event whose type or status is not in this table changes no recorded status.
STAGES: Final = {
    "PAYIN": {"PENDING": 0, "SUCCESS": 1, "FAILED": 1, "EXPIRED": 1},
    "PAYOUT": {"PENDING": 0, "SUCCESS": 1, "FAILED": 1, "RETURNED": 2},
}
_LONGEST_DELAY_S: Final = 60.0
_LONGEST_LEASE_S: Final = 1e8


class Subject(NamedTuple):
    """The payin or payout whose status an event changes (such as "PAYIN/id-1"), and the new status."""

    name: str
    status: str


def subject_of(event: WebhookEvent) -> Subject | None:
    """Returns the status change that an event brings; None if it changes no status, or has no readable id.

    The fields of an `UnknownEvent` may contradict each other. Therefore its status is ignored, unless the status is
    PENDING, which is not final.
    """
    if not event.id or REPLACED in event.id or event.status not in STAGES.get(event.type or "", {}):
        return None
    if isinstance(event, UnknownEvent) and event.status != "PENDING":
        return None
    return Subject(f"{event.type}/{event.id}", event.status)


def judge(event: WebhookEvent, standing: str | None) -> Receipt:
    """Returns the verdict on an event's first delivery: NEW, OUTDATED or CONFLICT.

    `standing` is the recorded status of its payin or payout, such as "SUCCESS"; None if no status is recorded. Only a
    later status is NEW: SUCCESS, FAILED and EXPIRED come after PENDING, and a payout's RETURNED comes after all of
    them. Another final status is a CONFLICT, and the same or an earlier one is OUTDATED. An event that changes no
    status is NEW.
    """
    stages = STAGES.get(event.type or "", {})
    if subject_of(event) is None or standing not in stages:
        return Receipt.NEW
    step = stages[event.status or ""] - stages[standing]
    if step == 0 and event.status != standing:
        return Receipt.CONFLICT
    return Receipt.NEW if step > 0 else Receipt.OUTDATED


def verdict(event: WebhookEvent, standing: str | None, *, is_contradicted: bool) -> Receipt:
    """Returns the verdict of `judge`, but CONFLICT instead of NEW if the event contradicts a recorded call."""
    receipt = judge(event, standing)
    return Receipt.CONFLICT if receipt is Receipt.NEW and is_contradicted else receipt


def retry_delay(attempt: int) -> float:
    """Returns how many seconds an event waits after attempt number `attempt` (from 1) has failed: 0, 1, 2, 4 … 60."""
    return 0.0 if attempt < 2 else min(2.0 ** min(attempt - 2, 10), _LONGEST_DELAY_S)


def check_lease(lease: float) -> float:
    """Returns the lease unchanged. Raises `ConfigurationError` unless it is from 0 to 100,000,000 seconds."""
    if not 0 <= lease <= _LONGEST_LEASE_S:
        raise ConfigurationError("lease must be a number of seconds, from 0 to 100,000,000")
    return lease


def is_over(since: float, until: float, now: float) -> bool:
    """Returns whether a lease or a delay from `since` to `until` is over; all times are in seconds.

    It is also over if `since` is further in the future than the lease or delay is long: then the clock was set back,
    and the event would otherwise wait until the clock has caught up.
    """
    return until <= now or since - (until - since) > now


def keys_of(event: WebhookEvent) -> tuple[str, str]:
    """Returns the event's key, and its key in an older release of paycombat that did not know its type.

    That older key is the digest of the payload.
    """
    return event.key, UnknownEvent(payload=event.payload, data={}).key


def never_received(event: WebhookEvent) -> ConfigurationError:
    """Returns the error that `done` raises for an event that was never received."""
    return ConfigurationError(f"the event {event.key} was never received by this inbox; give done() what take() gave")


def lease_lost(number: int) -> LeaseLost:
    """Returns the error for a delivery whose lease has ended, so that another worker may have taken the event since."""
    return LeaseLost(f"event {number} is no longer this worker's: its lease was over, and another may have taken it")


def no_connection() -> ConfigurationError:
    """Returns the error for a `connection` that is passed to an inbox other than `PostgresInbox`."""
    return ConfigurationError(
        "only PostgresInbox takes a connection: there the event is stored in your own transaction"
    )
