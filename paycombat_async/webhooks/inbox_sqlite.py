"""The inbox in a SQLite file: survives crashes and is shared by threads and processes of one machine."""

from pathlib import Path
from typing import TYPE_CHECKING

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async.schemas.events import UnknownEvent, WebhookEvent
from paycombat_async.webhooks.events import read_event
from paycombat_async.webhooks.inbox import (
    DAY_S,
    FORGET_DAYS,
    LEASE_S,
    Inbox,
    Receipt,
    Subject,
    judge,
    never_received,
    subject_of,
)

if TYPE_CHECKING:
    import sqlite3

_TAKE = """
    SELECT number, payload FROM delivery WHERE receipt = 'new' AND payload IS NOT NULL AND leased_until <= ?
    AND NOT EXISTS (
        SELECT 1 FROM delivery AS earlier WHERE earlier.receipt = 'new' AND earlier.payload IS NOT NULL
        AND earlier.subject = delivery.subject AND earlier.number < delivery.number
    )
    ORDER BY number LIMIT 1
"""


class SqliteInbox(Inbox):
    """An `Inbox` in a file on a local disk, shared by all threads and processes that open it; no connection stays open.

    When `receive` returns, the event is on disk; this takes about a millisecond, more on a slow disk. Payloads
    contain personal data: each is deleted when its event is done, and only the file's owner may read it (mode 0600).
    """

    def __init__(self, path: str | Path, *, clock: Clock = SYSTEM_CLOCK) -> None:
        """Creates the file if it does not exist. Raises `ConfigurationError` if it is not an inbox file."""
        from paycombat_async.webhooks.inbox_file import InboxFile  # noqa: PLC0415  # it imports sqlite3, which only this inbox needs

        self._clock = clock
        self._file = InboxFile(Path(path).absolute())

    def receive(self, event: WebhookEvent) -> Receipt:
        with self._file.transaction() as connection:
            if _known(connection, event):
                return Receipt.DUPLICATE
            subject = subject_of(event)
            receipt = judge(subject, _standing(connection, subject))
            if subject and receipt is Receipt.NEW:
                connection.execute("INSERT OR REPLACE INTO standing VALUES (?, ?)", [subject.name, subject.status])
            connection.execute(
                "INSERT INTO delivery (key, subject, receipt, arrived, payload) VALUES (?, ?, ?, ?, ?)",
                [
                    event.key,
                    subject.name if subject else None,
                    receipt,
                    self._clock.now(),
                    None if receipt is Receipt.OUTDATED else event.payload,
                ],
            )
            return receipt

    def take(self, *, lease: float = LEASE_S) -> WebhookEvent | None:
        now = self._clock.now()
        with self._file.transaction() as connection:
            found = connection.execute(_TAKE, [now]).fetchone()
            if found is None:
                return None
            number, payload = found
            connection.execute("UPDATE delivery SET leased_until = ? WHERE number = ?", [now + lease, number])
            return read_event(payload)

    def done(self, event: WebhookEvent) -> None:
        with self._file.transaction() as connection:
            if not _known(connection, event):
                raise never_received(event)
            connection.execute("UPDATE delivery SET payload = NULL WHERE key IN (?, ?)", _keys(event))

    def pending(self, receipt: Receipt = Receipt.NEW) -> list[WebhookEvent]:
        wanted = "SELECT payload FROM delivery WHERE receipt = ? AND payload IS NOT NULL ORDER BY number"
        with self._file.transaction() as connection:
            return [read_event(payload) for (payload,) in connection.execute(wanted, [receipt])]

    def forget(self, *, days: float = FORGET_DAYS) -> int:
        before = self._clock.now() - days * DAY_S
        with self._file.transaction() as connection:
            old = "DELETE FROM delivery WHERE arrived < ? AND payload IS NULL"
            return connection.execute(old, [before]).rowcount

    def __repr__(self) -> str:
        return f"SqliteInbox({str(self._file.path)!r})"


def _keys(event: WebhookEvent) -> tuple[str, str]:
    """Returns the event's key, and the key that an older release of the SDK gave it as an `UnknownEvent`."""
    return event.key, UnknownEvent(payload=event.payload, data={}).key


def _known(connection: "sqlite3.Connection", event: WebhookEvent) -> bool:
    return connection.execute("SELECT 1 FROM delivery WHERE key IN (?, ?)", _keys(event)).fetchone() is not None


def _standing(connection: "sqlite3.Connection", subject: Subject | None) -> str | None:
    if subject is None:
        return None
    row = connection.execute("SELECT status FROM standing WHERE subject = ?", [subject.name]).fetchone()
    return row[0] if row else None
