"""The SQLite table of checkouts. Each row contains one checkout as a JSON document with the provider's field names.

Amounts in the document are of type str. `checkout_url` is not stored, because it contains the merchant's API token.
"""

import sqlite3
import threading
from typing import Any, TypeAlias

import msgspec

from paycombat_async.sandbox.paging import NEWEST_WITH_TEXT
from paycombat_async.sandbox.refusals import not_found

# Any: the values in a JSON document. The document comes from a request that msgspec has validated.
Document: TypeAlias = dict[str, Any]

CHECKOUTS_SCHEMA = """
CREATE TABLE checkouts (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    checkout_token TEXT NOT NULL UNIQUE,
    document BLOB NOT NULL
);
"""


class CheckoutTable:
    """All checkouts, including expired ones. Call `add` and `write` only inside `SandboxState.transaction()`."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock

    def find(self, checkout_id: str) -> Document:
        """Returns the document of the checkout with this `id`. Raises `Refused` (HTTP 404) if the id is unknown."""
        return self._one("SELECT document FROM checkouts WHERE id = ?", checkout_id, "id")

    def find_by_token(self, checkout_token: str) -> Document:
        """Returns the document of the checkout with this `checkout_token`.

        Raises `Refused` (HTTP 404) if the token is unknown.
        """
        return self._one("SELECT document FROM checkouts WHERE checkout_token = ?", checkout_token, "checkout_token")

    def page(self, *, limit: int, skip: int) -> list[Document]:
        """Returns the documents of at most `limit` checkouts, oldest first, after the first `skip` ones."""
        rows = self._rows("SELECT document FROM checkouts ORDER BY seq LIMIT ? OFFSET ?", limit, skip)
        return [msgspec.json.decode(document) for (document,) in rows]

    def newest(self, words: str, *, limit: int, skip: int) -> list[Document]:
        """Returns the checkouts that contain the text `words` anywhere, ignoring case, newest first.

        The first `skip` matches are left out, and at most `limit` are returned.
        """
        statement = f"SELECT document FROM checkouts WHERE {NEWEST_WITH_TEXT}"  # noqa: S608  # a constant
        rows = self._rows(statement, words, limit, skip)
        return [msgspec.json.decode(document) for (document,) in rows]

    def ids(self) -> list[str]:
        """Returns the ids of all checkouts, oldest first."""
        return [checkout_id for (checkout_id,) in self._rows("SELECT id FROM checkouts ORDER BY seq")]

    def count(self) -> int:
        total: int = self._rows("SELECT count(*) FROM checkouts")[0][0]
        return total

    def add(self, document: Document) -> None:
        self._rows(
            "INSERT INTO checkouts (id, checkout_token, document) VALUES (?, ?, ?)",
            document["id"],
            document["checkout_token"],
            msgspec.json.encode(document),
        )

    def write(self, document: Document) -> None:
        """Replaces the stored document of the checkout with the same id."""
        self._rows("UPDATE checkouts SET document = ? WHERE id = ?", msgspec.json.encode(document), document["id"])

    def _one(self, statement: str, value: str, name: str) -> Document:
        rows = self._rows(statement, value)
        if not rows:
            raise not_found(f"there is no checkout with this {name}")
        document: Document = msgspec.json.decode(rows[0][0])
        return document

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()
