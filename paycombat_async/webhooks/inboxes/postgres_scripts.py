"""The SQL of the inbox in PostgreSQL, as scripts: generators that yield SQL statements and receive the rows of each.

Each statement is atomic by itself, so that a script needs no transaction around it.
"""

import logging
from datetime import UTC
from typing import Final, NamedTuple

from paycombat_async._postgres.scripts import Script
from paycombat_async._postgres.tables import DURABLE
from paycombat_async._signing import content_digest
from paycombat_async.errors import InvalidPayload
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.telemetry.attributes import EVENT_NUMBER
from paycombat_async.webhooks.events import read_event
from paycombat_async.webhooks.inboxes.inbox import DAY_S, Damaged, Depth, Receipt
from paycombat_async.webhooks.inboxes.rules import Subject, keys_of, retry_delay, subject_of, verdict

# The NOTIFY channel that announces new events. The schema's name is in the payload of a notification, not in the name
# of the channel: a channel's name has at most 63 bytes, and a schema's name may already have as many.
CHANNEL: Final = "paycombat_inbox"

_log: Final = logging.getLogger("paycombat")
# How often `receive` tries to store an event. A try fails if a different process changes the recorded status of the
# payin or payout meanwhile.
_TRIES: Final = 50
# How many events one DELETE deletes at most, so that no DELETE takes long.
FORGOTTEN_AT_ONCE: Final = 1000
# The highest number of ASCII characters in a stored key. PostgreSQL cannot index more than about 2700 bytes.
_LONGEST_KEY: Final = 500

_NOTIFY: Final = f"pg_notify('{CHANNEL}', '{{schema}}')"
_WAIT_FOR: Final = "since = clock_timestamp(), free_at = clock_timestamp() + make_interval(secs => %({})s)"
# Says whether a lease or a pause is over, by the same rule as `rules.is_over`. The second condition is true if the
# clock was set back, for example because a failover has moved the database to another machine.
_IS_OVER: Final = "(free_at <= clock_timestamp() OR since - (free_at - since) > clock_timestamp())"
_STATES: Final = {Receipt.NEW: "waiting", Receipt.CONFLICT: "conflict", Receipt.OUTDATED: "outdated"}
_IS_KNOWN: Final = "EXISTS (SELECT FROM {schema}.event WHERE key IN (%(key)s, %(older_key)s))"
_INSERT: Final = "INSERT INTO {schema}.event (key, subject, state, arrived_at, payload)"
_ROW: Final = "%(key)s, %(subject)s, %(state)s, clock_timestamp(), %(payload)s::bytea"

# Stores an event and the status that it brings. `receive` has decided about the event with the recorded status
# `standing` (NULL if none is recorded). If the recorded status is no longer `standing`, nothing is stored, and
# `receive` decides again. While a different transaction is changing the recorded status, this statement waits for the
# end of that transaction.
_STORE_STATUS: Final = f"""
    WITH moved AS (
        INSERT INTO {{schema}}.standing AS current (subject, status)
        SELECT %(subject)s, %(status)s FROM {DURABLE} WHERE NOT {_IS_KNOWN}
        ON CONFLICT (subject) DO UPDATE SET status = excluded.status WHERE current.status = %(standing)s
        RETURNING true
    ), stored AS ({_INSERT} SELECT {_ROW} FROM moved RETURNING number)
    SELECT number, {_NOTIFY} FROM stored
"""  # noqa: S608  # only constants are inserted, here and below
_STORE: Final = f"""
    WITH stored AS (
        {_INSERT} SELECT {_ROW} FROM {DURABLE} WHERE NOT {_IS_KNOWN}
        ON CONFLICT (key) DO NOTHING RETURNING number, state
    )
    SELECT number, CASE WHEN state = 'waiting' THEN {_NOTIFY} END FROM stored
"""  # noqa: S608
_STATUS: Final = "(SELECT status FROM {schema}.standing WHERE subject = %(subject)s)"
_STORE_UNMOVED: Final = f"""
    {_INSERT} SELECT {_ROW} FROM {DURABLE}
    WHERE NOT {_IS_KNOWN} AND {_STATUS} IS NOT DISTINCT FROM %(standing)s
    ON CONFLICT (key) DO NOTHING RETURNING true
"""  # noqa: S608
_LOOK_UP: Final = f"SELECT {_IS_KNOWN}, {_STATUS}"

# Two tricks keep this query fast even if the statistics of the table are missing or outdated. The aim is that
# PostgreSQL reads the index of waiting events only up to the first event that can be taken, and looks up the earlier
# events of the same payin or payout in the index of subjects. First, coalesce() hides from the planner how rarely an
# event has to wait for an earlier one. With NOT EXISTS or a comparison with min() in its place, each `take` sorted all
# waiting events, which took 300 ms for 50,000 events. Second, NOT IN keeps the planner from looking for the earlier
# events in the index of waiting events.
_TAKE: Final = f"""
    UPDATE {{schema}}.event SET attempt = attempt + 1, token = gen_random_uuid()::text, is_taken = true,
        {_WAIT_FOR.format("lease")}
    FROM {DURABLE}
    WHERE number = (
        SELECT number FROM {{schema}}.event AS candidate
        WHERE state = 'waiting' AND {_IS_OVER} AND coalesce((
            SELECT false FROM {{schema}}.event AS earlier
            WHERE subject = candidate.subject AND number < candidate.number
                AND state NOT IN ('done', 'outdated', 'conflict', 'damaged') LIMIT 1
        ), true)
        ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING number, payload, attempt, token
"""  # noqa: S608
_SET_ASIDE: Final = f"""
    UPDATE {{schema}}.event SET state = 'damaged', is_taken = false FROM {DURABLE}
    WHERE number = %(number)s AND token = %(token)s AND state = 'waiting'
"""  # noqa: S608
_OWN: Final = "number = %(number)s AND token = %(token)s AND state = 'waiting' AND is_taken"
_DONE: Final = f"""
    UPDATE {{schema}}.event SET state = 'done', payload = NULL, is_taken = false FROM {DURABLE}
    WHERE number = %(number)s AND token = %(token)s AND state = 'waiting'
    RETURNING true
"""  # noqa: S608
_RELEASE: Final = f"""
    UPDATE {{schema}}.event SET is_taken = false, {_WAIT_FOR.format("pause")}
    FROM {DURABLE}
    WHERE {_OWN}
    RETURNING CASE WHEN %(pause)s <= 0 THEN {_NOTIFY} END
"""  # noqa: S608
_RENEW: Final = f"""
    UPDATE {{schema}}.event SET {_WAIT_FOR.format("lease")}
    FROM {DURABLE}
    WHERE {_OWN}
    RETURNING true
"""  # noqa: S608
_FAIL: Final = f"""
    UPDATE {{schema}}.event SET attempt = %(attempt)s, token = gen_random_uuid()::text, is_taken = false,
        {_WAIT_FOR.format("pause")}
    FROM {DURABLE}
    WHERE number = %(number)s AND attempt = %(attempt)s - 1 AND state = 'waiting'
"""  # noqa: S608
_IS_LAST_TAKEN: Final = "SELECT state = 'done' FROM {schema}.event WHERE number = %(number)s AND token = %(token)s"

_DONE_BY_KEY: Final = f"""
    UPDATE {{schema}}.event SET state = 'done', payload = NULL, is_taken = false FROM {DURABLE}
    WHERE key IN (%(key)s, %(older_key)s) AND state IN ('waiting', 'conflict', 'damaged')
"""  # noqa: S608
_KNOWN: Final = f"SELECT {_IS_KNOWN}"
_DEPTH: Final = f"""
    SELECT count(*) FILTER (WHERE state = 'waiting' AND NOT is_held), count(*) FILTER (WHERE is_held),
        count(*) FILTER (WHERE state = 'conflict'), count(*) FILTER (WHERE state = 'damaged'),
        extract(epoch FROM clock_timestamp() - min(arrived_at) FILTER (WHERE state <> 'damaged'))::float8
    FROM (
        SELECT *, state = 'waiting' AND is_taken AND NOT {_IS_OVER} AS is_held
        FROM {{schema}}.event WHERE state IN ('waiting', 'conflict', 'damaged')
    ) AS undone
"""  # noqa: S608
_PENDING: Final = "SELECT payload FROM {schema}.event WHERE state = %(state)s ORDER BY number LIMIT %(limit)s"
_DAMAGED: Final = """
    SELECT number, key, arrived_at FROM {schema}.event
    WHERE state = 'damaged' ORDER BY number LIMIT %(limit)s
"""
_FORGET: Final = """
    DELETE FROM {schema}.event WHERE number = ANY (ARRAY(
        SELECT number FROM {schema}.event
        WHERE state IN ('done', 'outdated') AND arrived_at < statement_timestamp() - make_interval(secs => %(seconds)s)
        ORDER BY arrived_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
    RETURNING true
"""


class TakenEvent(NamedTuple):
    """An event that a worker has just taken: its number, how many times it was taken (`attempt`), and its token."""

    number: int
    event: WebhookEvent
    attempt: int
    token: str


def receive(event: WebhookEvent, *, is_contradicted: bool) -> Script[Receipt | None]:
    """Stores the event and returns its receipt, such as NEW or DUPLICATE.

    Stores nothing and returns None if other processes change the recorded status during each of 50 tries.
    `is_contradicted` says that the event contradicts the record of the call that created its payin or payout.
    """
    subject = subject_of(event)
    values = _keys(event) | {
        "subject": _storable(subject.name) if subject else None,
        "status": subject.status if subject else None,
    }
    # The recorded status of the payin or payout. The first try assumes that there is none, which is usually true.
    standing: str | None = None
    for _ in range(_TRIES):
        receipt = verdict(event, standing, is_contradicted=is_contradicted)
        if (yield _statement(receipt, subject), values | _judged(event, receipt, standing)):
            return receipt
        ((is_known, standing),) = yield _LOOK_UP, values
        if is_known:
            return Receipt.DUPLICATE
    return None


def take(lease: float) -> Script[TakenEvent | None]:
    """Takes the next readable event for `lease` seconds and returns it. Returns None if no event can be taken.

    Unreadable events before it are marked as damaged. No worker gets a damaged event, and no other event waits for it.
    """
    while rows := (yield _TAKE, {"lease": lease}):
        ((number, payload, attempt, token),) = rows
        event = _read(payload)
        if event is not None:
            return TakenEvent(number, event, attempt, token)
        text = "event %d of the inbox cannot be read and is set aside; see damaged()"
        _log.warning(text, number, extra={EVENT_NUMBER: number})
        yield _SET_ASIDE, {"number": number, "token": token}
    return None


def done(number: int, token: str) -> Script[bool]:
    """Marks the event as done and deletes its payload. Returns False if a second worker has taken the event since."""
    values = {"number": number, "token": token}
    return bool((yield _DONE, values)) or bool((yield _IS_LAST_TAKEN, values))


def done_by_key(event: WebhookEvent) -> Script[bool]:
    """Marks an event as done, even if a worker has it. Returns False if the inbox does not know the event."""
    yield _DONE_BY_KEY, _keys(event)
    ((is_known,),) = yield _KNOWN, _keys(event)
    return bool(is_known)


def release(number: int, token: str, attempt: int) -> Script[bool]:
    """Ends a worker's lease (time for the event). The event can be taken again after the pause for this attempt.

    Does nothing if the event is done or was already released. Returns False if a second worker has taken the event
    since.
    """
    values = {"number": number, "token": token, "pause": retry_delay(attempt)}
    return bool((yield _RELEASE, values)) or bool((yield _IS_LAST_TAKEN, values))


def fail(number: int, attempt: int) -> Script[None]:
    """Counts an attempt whose transaction was rolled back, and starts the pause before the next attempt.

    Does nothing if the transaction was committed after all, or if a second worker has taken the event since.
    """
    yield _FAIL, {"number": number, "attempt": attempt, "pause": retry_delay(attempt)}


def renew(number: int, token: str, lease: float) -> Script[bool]:
    """Extends a worker's lease (time for the event) to `lease` seconds from now, and returns True.

    If the event is done, changes nothing and returns True, too. Returns False if the event was released, or if a second
    worker has taken it since.
    """
    values = {"number": number, "token": token, "lease": lease}
    return bool((yield _RENEW, values)) or (yield _IS_LAST_TAKEN, values) == [(True,)]


def depth() -> Script[Depth]:
    """Returns the numbers of waiting, taken, conflicting and damaged events, and the age of the oldest in seconds."""
    ((waiting, taken, conflicts, damaged, oldest),) = yield _DEPTH, {}
    age = None if oldest is None else max(oldest, 0.0)  # `oldest` is negative if the clock was set back
    return Depth(waiting=waiting, taken=taken, conflicts=conflicts, damaged=damaged, oldest=age)


def pending(receipt: Receipt, limit: int) -> Script[list[WebhookEvent]]:
    """Returns at most `limit` events that are not done and for which `receive` returned this receipt, oldest first.

    Events whose payload cannot be read are left out.
    """
    if receipt not in {Receipt.NEW, Receipt.CONFLICT}:
        return []
    rows = yield _PENDING, {"state": _STATES[receipt], "limit": limit}
    events = [_read(payload) for (payload,) in rows]
    return [event for event in events if event is not None]


def damaged(limit: int) -> Script[list[Damaged]]:
    """Returns at most `limit` events that were marked as damaged, in order of arrival."""
    rows = yield _DAMAGED, {"limit": limit}
    return [Damaged(number=number, key=key, arrived_at=arrived.astimezone(UTC)) for number, key, arrived in rows]


def forget_some(days: float) -> Script[int]:
    """Deletes at most 1000 of the events that arrived more than `days` ago and are done or OUTDATED.

    Returns how many events it has deleted.
    """
    return len((yield _FORGET, {"seconds": days * DAY_S, "limit": FORGOTTEN_AT_ONCE}))


def _statement(receipt: Receipt, subject: Subject | None) -> str:
    if subject is None:
        return _STORE
    return _STORE_STATUS if receipt is Receipt.NEW else _STORE_UNMOVED


def _judged(event: WebhookEvent, receipt: Receipt, standing: str | None) -> dict[str, object]:
    payload = None if receipt is Receipt.OUTDATED else event.payload
    return {"state": _STATES[receipt], "payload": payload, "standing": standing}


def _keys(event: WebhookEvent) -> dict[str, object]:
    """Returns two SQL parameters: the event's key, and the key that an older release may have given to the event."""
    key, older_key = keys_of(event)
    return {"key": _storable(key), "older_key": _storable(older_key)}


def _storable(text: str) -> str:
    """Returns the text unchanged, or its digest if PostgreSQL might be unable to store or index the text.

    A text that is not ASCII is always replaced: the encoding of the database decides which characters it can store.
    """
    if text.isascii() and "\0" not in text and len(text) <= _LONGEST_KEY:
        return text
    return f"digest:{content_digest(text.encode('utf-8', 'surrogatepass'))}"


def _read(payload: bytes | None) -> WebhookEvent | None:
    try:
        return read_event(payload if isinstance(payload, bytes) else b"")
    except InvalidPayload:
        return None
