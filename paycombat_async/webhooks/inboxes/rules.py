"""The rules of all inboxes, without I/O: which events are new or outdated, and how long events wait after a failure."""

from typing import Final, NamedTuple

from paycombat_async._bounds import is_within
from paycombat_async.errors import ConfigurationError, LeaseLost
from paycombat_async.schemas.events import REPLACED, UnknownEvent, WebhookEvent
from paycombat_async.webhooks.inboxes.inbox import Receipt

# A higher number means a later stage in the life of a payin or payout. A new status replaces the recorded one only if
# its stage is later. An event whose type or status is not in this table changes no recorded status.
STAGES: Final = {
    "PAYIN": {"PENDING": 0, "SUCCESS": 1, "FAILED": 1, "EXPIRED": 1},
    "PAYOUT": {"PENDING": 0, "SUCCESS": 1, "FAILED": 1, "RETURNED": 2},
}
_LONGEST_DELAY_S: Final = 60.0
_LONGEST_LEASE_S: Final = 1e8
_SHORTEST_POLL_S: Final = 0.001  # in seconds; without this limit, a worker could query the database without pause


class Subject(NamedTuple):
    """The change that an event brings: the name of its payin or payout, such as "PAYIN/id-1", and the new status."""

    name: str
    status: str


def subject_of(event: WebhookEvent) -> Subject | None:
    """Returns the change of status that an event brings, or None if it changes no status or has no readable id.

    The fields of an `UnknownEvent` may contradict each other. Therefore its status is ignored, except PENDING, which is
    not final.
    """
    if not event.id or REPLACED in event.id or event.status not in STAGES.get(event.type or "", {}):
        return None
    if isinstance(event, UnknownEvent) and event.status != "PENDING":
        return None
    return Subject(f"{event.type}/{event.id}", event.status)


def judge(event: WebhookEvent, standing: str | None) -> Receipt:
    """Returns the receipt of an event that is received for the first time: NEW, OUTDATED or CONFLICT.

    `standing` is the status that is recorded for the event's payin or payout, such as "SUCCESS", or None if none is
    recorded. SUCCESS, FAILED and EXPIRED are later than PENDING, and RETURNED is later than all of them.

    - NEW: no status is recorded, the event's status is later than the recorded one, or the event changes no status.
    - OUTDATED: the event's status is the recorded one or an earlier one.
    - CONFLICT: the two statuses exclude each other, such as FAILED after SUCCESS.
    """
    stages = STAGES.get(event.type or "", {})
    if subject_of(event) is None or standing not in stages:
        return Receipt.NEW
    step = stages[event.status or ""] - stages[standing]
    if step == 0 and event.status != standing:
        return Receipt.CONFLICT
    return Receipt.NEW if step > 0 else Receipt.OUTDATED


def verdict(event: WebhookEvent, standing: str | None, *, is_contradicted: bool) -> Receipt:
    """Returns the receipt of an event that is received for the first time: NEW, OUTDATED or CONFLICT.

    It is the result of `judge`. But an event that contradicts the record of a call is a CONFLICT and never NEW.
    """
    receipt = judge(event, standing)
    return Receipt.CONFLICT if receipt is Receipt.NEW and is_contradicted else receipt


def retry_delay(attempt: int) -> float:
    """Returns the seconds for which an event waits after its failed attempt number `attempt`, which counts from 1.

    They are 0, 1, 2, 4 and so on, at most 60.
    """
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
    """Returns whether a lease or pause from `since` to `until` is over at the time `now`. All times are in seconds.

    If the clock was set back, `now` may be before `since`. If `now` is earlier than `since` by more than the length of
    the lease or pause, the lease or pause counts as over. Without this rule, the event would wait until the clock has
    caught up.
    """
    return until <= now or since - (until - since) > now


def keys_of(event: WebhookEvent) -> tuple[str, str]:
    """Returns two keys of an event: the present one, and the one under which an older release may have stored it.

    An older release did not know all types of events. For an unknown type, its key was a digest of the payload.
    """
    return event.key, UnknownEvent(payload=event.payload, data={}).key


def never_received(event: WebhookEvent) -> ConfigurationError:
    """Returns the error that `done` raises for an event that was never received."""
    return ConfigurationError(f"the event {event.key} was never received by this inbox; give done() what take() gave")


def lease_lost(number: int) -> LeaseLost:
    """Returns the error for a worker whose lease (time for an event) is over: a second worker may have the event."""
    return LeaseLost(f"event {number} is no longer this worker's: its lease was over, and another may have taken it")


def no_connection() -> ConfigurationError:
    """Returns the error for a database connection that is passed to an inbox which is not a `PostgresInbox`."""
    return ConfigurationError(
        "only PostgresInbox takes a connection: there the event is stored in your own transaction"
    )
