"""The SQLite table of payins, payouts and virtual accounts. Each row has a status, an amount and a JSON object."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec

from paycombat_async.sandbox.amounts import text_of
from paycombat_async.sandbox.paging import NEWEST_WITH_TEXT, Window
from paycombat_async.sandbox.refusals import not_found

# A JSON object with the provider's field names and values of any type. Amounts are of type str, which loses no digit.
Document: TypeAlias = dict[str, Any]


class Kind(StrEnum):
    """The kinds of records. A record is a payin, payout or virtual account that the sandbox stores."""

    PAYIN = "payin"
    PAYOUT = "payout"
    VIRTUAL_ACCOUNT = "virtual account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One payin, payout or virtual account with its current status.

    `currency` and `amount` say how much money it moves. `reference` is the merchant's own id for it, or None if the
    merchant sent none. `body_digest` is a digest of the request body that created it, and `webhook_url` is the URL in
    that body, or None. `document` is the JSON object from which responses are made.
    """

    id: str
    kind: Kind
    status: str
    currency: str
    amount: Decimal
    reference: str | None
    body_digest: str
    webhook_url: str | None
    document: Document = field(repr=False)


RECORDS_SCHEMA: Final = """
CREATE TABLE records (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount TEXT NOT NULL,
    reference TEXT,
    body_digest TEXT NOT NULL,
    webhook_url TEXT,
    document BLOB NOT NULL
);
CREATE INDEX records_in_order ON records (kind, seq);
"""
_SELECT: Final = (
    "SELECT id, kind, status, currency, amount, reference, body_digest, webhook_url, document FROM records "
)


class RecordTable:
    """The table of all payins, payouts and virtual accounts.

    Call `add` and `write` only in `SandboxState.transaction()`.
    """

    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock

    def find(self, record_id: str, kinds: Iterable[Kind]) -> Record:
        """Returns the payin, payout or virtual account with this id.

        Raises `Refused` (HTTP 404) if no record of the given kinds has this id.
        """
        kinds = tuple(kinds)
        rows = self._rows(_SELECT + "WHERE id = ?", record_id)
        if not rows or rows[0][1] not in kinds:
            raise not_found(f"there is no {' and no '.join(kinds)} with this id")
        return _record(rows[0])

    def page(self, kind: Kind, window: Window) -> list[Record]:
        """Returns one page of the payins, payouts or virtual accounts, oldest first. `window` says which part it is."""
        rows = self._rows(_SELECT + "WHERE kind = ? ORDER BY seq LIMIT ? OFFSET ?", kind, window.limit, window.skip)
        return [_record(row) for row in rows]

    def newest(self, kind: Kind, words: str, window: Window) -> list[Record]:
        """Returns the payins, payouts or virtual accounts that contain the text `words` anywhere, newest first.

        Upper and lower case are not distinguished. `window` says how many matches to skip and how many to return.
        """
        statement = f"{_SELECT} WHERE kind = ? AND {NEWEST_WITH_TEXT}"
        rows = self._rows(statement, kind, words, window.limit, window.skip)
        return [_record(row) for row in rows]

    def count(self, kind: Kind) -> int:
        total: int = self._rows("SELECT count(*) FROM records WHERE kind = ?", kind)[0][0]
        return total

    def in_status(self, status: str) -> Iterator[Record]:
        """Returns all payins, payouts and virtual accounts with this status, oldest first."""
        return map(_record, self._rows(_SELECT + "WHERE status = ? ORDER BY seq", status))

    def next_number(self) -> int:
        """Returns a number for the next new payin, payout or virtual account. No number is ever used twice."""
        number: int = self._rows("SELECT coalesce(max(seq), 0) + 1 FROM records")[0][0]
        return number

    def add(self, record: Record) -> None:
        self._rows(
            "INSERT INTO records (id, kind, status, currency, amount, reference, body_digest, webhook_url, document) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            record.id,
            record.kind,
            record.status,
            record.currency,
            text_of(record.amount),
            record.reference,
            record.body_digest,
            record.webhook_url,
            msgspec.json.encode(record.document),
        )

    def write(self, record: Record) -> None:
        """Stores the changed status and JSON object of a payin, payout or virtual account.

        The other columns of its row never change.
        """
        self._rows(
            "UPDATE records SET status = ?, document = ? WHERE id = ?",
            record.status,
            msgspec.json.encode(record.document),
            record.id,
        )

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _record(row: tuple[Any, ...]) -> Record:
    record_id, kind, status, currency, amount, reference, body_digest, webhook_url, document = row
    return Record(
        id=record_id,
        kind=Kind(kind),
        status=status,
        currency=currency,
        amount=Decimal(amount),
        reference=reference,
        body_digest=body_digest,
        webhook_url=webhook_url,
        document=msgspec.json.decode(document),
    )
