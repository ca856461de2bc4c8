"""The rules of every inbox, without I/O: which events are new or outdated, and how long events wait after a failure."""

from typing import Final, NamedTuple

from paycombat_async._bounds import is_within
from paycombat_async.errors import ConfigurationError, LeaseLost
from paycombat_async.schemas.events import REPLACED, UnknownEvent, WebhookEvent
from paycombat_async.webhooks.inboxes.inbox import Receipt

# The stage of each status of a payin and of a payout. A new status replaces the recorded status only if its stage is
# later. An event whose type or status is not in this table changes no recorded status.
STAGES: Final = {
    "PAYIN": {"PENDING": 0, "SUCCESS": 1, "FAILED": 1, "EXPIRED": 1},
    "PAYOUT": {"PENDING": 0, "SUCCESS": 1, "FAILED": 1, "RETURNED": 2},
}
_LONGEST_DELAY_S: Final = 60.0
_LONGEST_LEASE_S: Final = 1e8
_SHORTEST_POLL_S: Final = 0.001  # with no wait at all, a worker would ask the database without pause


class Subject(NamedTuple):
    """The payin or payout whose status an event changes (such as "PAYIN/id-1"), and the new status."""

    name: str
    status: str


def subject_of(event: WebhookEvent) -> Subject | None:
    """Returns the status change that an event brings. Returns None if it changes no status or has no readable id.

    The fields of an `UnknownEvent` may contradict each other. Therefore its status is ignored, unless the status is
    PENDING, which is not final.
    """
    if not event.id or REPLACED in event.id or event.status not in STAGES.get(event.type or "", {}):
        return None
    if isinstance(event, UnknownEvent) and event.status != "PENDING":
        return None
    return Subject(f"{event.type}/{event.id}", event.status)


def judge(event: WebhookEvent, standing: str | None) -> Receipt:
    """Returns the receipt of an event that is received for the first time: NEW, OUTDATED or CONFLICT.

    `standing` is the recorded status of the event's payin or payout, such as "SUCCESS", or None if no status is
    recorded. An event with a later status is NEW: SUCCESS, FAILED and EXPIRED come after PENDING, and RETURNED of a
    payout comes after all of them. An event with another final status is a CONFLICT. An event with the same or an
    earlier status is OUTDATED. An event that changes no status is NEW.
    """
    stages = STAGES.get(event.type or "", {})
    if subject_of(event) is None or standing not in stages:
        return Receipt.NEW
    step = stages[event.status or ""] - stages[standing]
    if step == 0 and event.status != standing:
        return Receipt.CONFLICT
    return Receipt.NEW if step > 0 else Receipt.OUTDATED


def verdict(event: WebhookEvent, standing: str | None, *, is_contradicted: bool) -> Receipt:
    """Returns the receipt of `judge`, but CONFLICT in place of NEW if the event contradicts the record of a call."""
    receipt = judge(event, standing)
    return Receipt.CONFLICT if receipt is Receipt.NEW and is_contradicted else receipt


def retry_delay(attempt: int) -> float:
    """Returns how many seconds an event waits after attempt number `attempt` (from 1) has failed: 0, 1, 2, 4 … 60."""
    return 0.0 if attempt < 2 else min(2.0 ** min(attempt - 2, 10), _LONGEST_DELAY_S)


def check_lease(lease: float) -> float:
    """Returns `lease` unchanged. Raises `ConfigurationError` unless it is from 0 to 100,000,000 seconds."""
    if not is_within(lease, 0, _LONGEST_LEASE_S):
        raise ConfigurationError("lease must be a number of seconds, from 0 to 100,000,000")
    return lease


def check_poll(poll: float) -> float:
    """Returns `poll` unchanged. Raises `ConfigurationError` unless it is from 0.001 to 100,000,000 seconds."""
    if not is_within(poll, _SHORTEST_POLL_S, _LONGEST_LEASE_S):
        raise ConfigurationError("poll must be a number of seconds, from 0.001 to 100,000,000")
    return poll


def is_over(since: float, until: float, now: float) -> bool:
    """Returns whether a lease or pause from `since` to `until` is over. All times are in seconds.

    A lease or pause is also over if `now` is before `since` by more than the length of the lease or pause. This happens
    only if the clock was set back. Without this rule, the event would wait until the clock has caught up.
    """
    return until <= now or since - (until - since) > now


def keys_of(event: WebhookEvent) -> tuple[str, str]:
    """Returns the event's key, and the key under which an older release of paycombat may have stored the event.

    For a type of event that it did not know, an older release used the digest of the payload as the key.
    """
    return event.key, UnknownEvent(payload=event.payload, data={}).key


def never_received(event: WebhookEvent) -> ConfigurationError:
    """Returns the error that `done` raises for an event that was never received."""
    return ConfigurationError(f"the event {event.key} was never received by this inbox; give done() what take() gave")


def lease_lost(number: int) -> LeaseLost:
    """Returns the error for a delivery whose lease has ended and whose event another worker may have taken since."""
    return LeaseLost(f"event {number} is no longer this worker's: its lease was over, and another may have taken it")


def no_connection() -> ConfigurationError:
    """Returns the error for a `connection` that is passed to an inbox other than `PostgresInbox`."""
    return ConfigurationError(
        "only PostgresInbox takes a connection: there the event is stored in your own transaction"
    )
