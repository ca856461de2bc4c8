"""The operations of an inbox on its SQLite file. Each is one transaction, and blocks until its data is on the disk."""

import logging
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from paycombat_async._clock import Clock
from paycombat_async._sqlite.file import SqliteFile
from paycombat_async.errors import InvalidPayload
from paycombat_async.schemas.events import WebhookEvent
from paycombat_async.telemetry.attributes import EVENT_NUMBER
from paycombat_async.webhooks.events import read_event
from paycombat_async.webhooks.inboxes import sqlite_tables as sql
from paycombat_async.webhooks.inboxes.inbox import DAY_S, Damaged, Depth, Receipt
from paycombat_async.webhooks.inboxes.rules import (
    Subject,
    keys_of,
    lease_lost,
    never_received,
    retry_delay,
    subject_of,
    verdict,
)

# Seconds that must pass after a deletion before the write-ahead log is cleared. After each clearing, the next commit
# needs one more fsync.
_CLEAR_S: Final = 60.0
# The last second that a `datetime` can hold, as a Unix time.
_LATEST: Final = 253_402_300_799.0
# The errors that SQLite raises if the columns `payload` or `attempt` of one row are damaged, even if the rest of the
# file is intact.
_ROW_ERRORS: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CONSTRAINT_NOTNULL})
_log: Final = logging.getLogger("paycombat")


class Taken(NamedTuple):
    """An event that was just taken: its number in the inbox, and how many times it has been taken (`attempt`)."""

    number: int
    attempt: int
    event: WebhookEvent


class _Held(NamedTuple):
    """What is stored about an event that a worker took. `is_held` is False once it was released or is done."""

    attempt: int
    is_held: bool
    is_done: bool


class InboxFile:
    """The SQLite file of an inbox, which threads and processes may share.

    Each method raises `StoreFailed` if SQLite fails.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Creates the file if it does not exist.

        Raises `ConfigurationError` if the file is unwritable, belongs to another account, is locked, is damaged, is not
        an inbox of this version, or is on a network file system.
        """
        self.path = path
        self._clock = clock
        self._file = SqliteFile(path, sql.INBOX_FILE)
        self._uncleared_since: float | None = None

    def receive(self, event: WebhookEvent, *, is_contradicted: bool) -> Receipt:
        """Stores the event and returns its receipt, such as NEW or DUPLICATE."""
        with self._file.transaction() as connection:
            if _numbers(connection, event):
                return Receipt.DUPLICATE
            subject = subject_of(event)
            receipt = verdict(event, _standing(connection, subject), is_contradicted=is_contradicted)
            if subject and receipt is Receipt.NEW:
                connection.execute("INSERT OR REPLACE INTO standing VALUES (?, ?)", subject)
            name = subject.name if subject else None
            payload = None if receipt is Receipt.OUTDATED else event.payload
            connection.execute(sql.RECEIVE, [event.key, name, receipt, self._clock.now(), payload])
        return receipt

    def take(self, lease: float) -> Taken | None:
        """Takes the next readable event for `lease` seconds and returns it. Returns None if no event can be taken.

        Unreadable events before it are marked as damaged. No worker gets a damaged event, and no other event waits for
        it.
        """
        with self._file.transaction() as connection:
            now = self._clock.now()
            while found := connection.execute(sql.NEXT, {"now": now}).fetchone():
                if taken := _take(connection, found[0], now, lease):
                    return taken
                connection.execute("INSERT INTO damaged VALUES (?)", found)
                text = "event %s cannot be read and is set aside; see `damaged` of the inbox"
                _log.warning(text, found[0], extra={EVENT_NUMBER: found[0]})
        self._clear_log()
        return None

    def done(self, number: int, token: str) -> None:
        """Marks the event as done by deleting its payload.

        Raises `LeaseLost` if a second worker has taken the event since.
        """
        with self._file.transaction() as connection:
            if not _held(connection, number, token).is_done:
                _finish(connection, number)
        self._deleted()

    def done_by_key(self, event: WebhookEvent) -> None:
        """Marks the event as done, even if a worker has it.

        Raises `ConfigurationError` if the event was never received, or was deleted by `forget`.
        """
        with self._file.transaction() as connection:
            numbers = _numbers(connection, event)
            for number in numbers:
                _finish(connection, number)
        if not numbers:
            raise never_received(event)
        self._deleted()

    def release(self, number: int, token: str) -> None:
        """Ends a worker's lease (time for the event), so that the event can be taken again after a pause.

        Does nothing if the event is done or was already released. Raises `LeaseLost` if a second worker has taken the
        event since.
        """
        with self._file.transaction() as connection:
            held = _held(connection, number, token)
            if held.is_held:
                now = self._clock.now()
                connection.execute(sql.WAIT, [False, now, now + retry_delay(held.attempt), number])

    def renew(self, number: int, token: str, lease: float) -> None:
        """Extends a worker's lease (time for the event) to `lease` seconds from now. Does nothing if the event is done.

        Raises `LeaseLost` if the event was released, or if a second worker has taken it since.
        """
        with self._file.transaction() as connection:
            held = _held(connection, number, token)
            if held.is_held:
                now = self._clock.now()
                connection.execute(sql.WAIT, [True, now, now + lease, number])
            elif not held.is_done:
                raise lease_lost(number)

    def depth(self) -> Depth:
        """Returns how many events are not done, and the age of the oldest of them."""
        now = self._clock.now()
        with self._file.reading() as connection:
            undone, new, taken, oldest, damaged = connection.execute(sql.DEPTH, {"now": now}).fetchone()
        return Depth(
            waiting=int(new - taken),
            taken=int(taken),
            conflicts=int(undone - new),
            damaged=damaged,
            oldest=None if oldest is None else max(now - oldest, 0.0),
        )

    def pending(self, receipt: Receipt, limit: int) -> list[WebhookEvent]:
        """Returns at most `limit` events that are not done and for which `receive` returned this receipt, oldest first.

        Events whose payload cannot be read are left out.
        """
        found: list[WebhookEvent] = []
        with self._file.reading() as connection:
            for (number,) in connection.execute(sql.UNDONE, [receipt]):
                if len(found) >= limit:
                    break
                row = _row(connection, "SELECT payload FROM delivery WHERE number = ?", [number])
                event = _event(row[0]) if row else None
                found += [event] if event else []
        return found

    def damaged(self, limit: int) -> list[Damaged]:
        """Returns at most `limit` events that were marked as damaged, in order of arrival."""
        with self._file.reading() as connection:
            rows = connection.execute(sql.DAMAGED, [limit]).fetchall()
        return [Damaged(number=number, key=str(key), arrived_at=_moment(arrived)) for number, key, arrived in rows]

    def forget(self, days: float) -> int:
        """Deletes the events that arrived more than `days` ago and are done or OUTDATED.

        Returns how many events were deleted.
        """
        with self._file.transaction() as connection:
            return connection.execute(sql.FORGET, [self._clock.now() - days * DAY_S]).rowcount

    def close(self) -> None:
        """Removes deleted payloads from the write-ahead log, and closes the file. The next use opens the file again."""
        self._file.clear_log()
        self._file.close()

    def _deleted(self) -> None:
        if self._uncleared_since is None:
            self._uncleared_since = self._clock.monotonic()

    def _clear_log(self) -> None:
        since = self._uncleared_since
        if since is not None and self._clock.monotonic() - since >= _CLEAR_S and self._file.clear_log():
            self._uncleared_since = None


def token_of(number: int, attempt: int) -> str:
    """Returns the token of a worker's lease (time for an event), which differs each time that the event is taken."""
    return f"{number}-{attempt}"


def _take(connection: sqlite3.Connection, number: int, now: float, lease: float) -> Taken | None:
    row = _row(connection, sql.TAKE, [now, now + lease, number])
    if row is None or not isinstance(row[0], int):
        return None
    event = _event(row[1])
    return Taken(number, row[0], event) if event else None


def _finish(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("UPDATE delivery SET payload = NULL, is_held = 0 WHERE number = ?", [number])
    connection.execute("DELETE FROM damaged WHERE number = ?", [number])


def _held(connection: sqlite3.Connection, number: int, token: str) -> _Held:
    """Returns what is stored about a taken event. Raises `LeaseLost` if a second worker has taken the event since."""
    row = connection.execute(sql.HELD, [number]).fetchone()
    if row is None or token_of(number, row[0]) != token:
        raise lease_lost(number)
    return _Held(*row)


def _numbers(connection: sqlite3.Connection, event: WebhookEvent) -> list[int]:
    found = connection.execute("SELECT number FROM delivery WHERE key IN (?, ?)", keys_of(event))
    return [number for (number,) in found]


def _standing(connection: sqlite3.Connection, subject: Subject | None) -> str | None:
    if subject is None:
        return None
    row = connection.execute("SELECT status FROM standing WHERE subject = ?", [subject.name]).fetchone()
    return row[0] if row else None


# The result is a tuple of `object`, because SQLite's columns have no static types.
def _row(connection: sqlite3.Connection, query: str, values: list[object]) -> tuple[object, ...] | None:
    """Returns the first row of a query. Returns None if there is no row, or if the row is damaged."""
    try:
        row: tuple[object, ...] | None = connection.execute(query, values).fetchone()
    except sqlite3.Error as error:
        if error.sqlite_errorcode not in _ROW_ERRORS or not connection.in_transaction:
            raise
        return None
    return row


def _event(payload: object) -> WebhookEvent | None:
    try:
        return read_event(payload) if isinstance(payload, bytes) else None
    except InvalidPayload:
        return None


def _moment(seconds: float) -> datetime:
    # A damaged row may have no time, or one that `datetime` cannot hold.
    return datetime.fromtimestamp(min(max(seconds or 0.0, 0.0), _LATEST), UTC)
