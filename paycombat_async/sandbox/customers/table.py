"""The SQLite table of customers. Each row contains one customer as a JSON document with the provider's field names."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import msgspec

from paycombat_async.sandbox.paging import NEWEST_WITH_TEXT
from paycombat_async.sandbox.refusals import not_found

# Any: the values in a JSON document. The document comes from a request that msgspec has validated.
Document: TypeAlias = dict[str, Any]

# Deleting a customer only marks its row. So the customer's id is not used again, and the method `executions` still
# returns the number of its updates.
CUSTOMERS_SCHEMA = """
CREATE TABLE customers (
    seq INTEGER PRIMARY KEY,
    customer_id TEXT NOT NULL UNIQUE,
    document BLOB NOT NULL,
    executions INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX customers_in_order ON customers (deleted, seq);
"""
_BATCH = 1000


class CustomerTable:
    """The customers that are not deleted. Call writing methods only inside `SandboxState.transaction()`."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock

    def find(self, customer_id: str) -> Document:
        """Returns the profile of a customer. Raises `Refused` (HTTP 404) if the customer is unknown or deleted."""
        rows = self._rows("SELECT document FROM customers WHERE customer_id = ? AND deleted = 0", customer_id)
        if not rows:
            raise not_found("there is no customer with this customer_id")
        document: Document = msgspec.json.decode(rows[0][0])
        return document

    def page(self, *, limit: int, skip: int) -> list[Document]:
        """Returns the profiles of at most `limit` customers, oldest first, after the first `skip` ones."""
        rows = self._rows(
            "SELECT document FROM customers WHERE seq IN "
            "(SELECT seq FROM customers WHERE deleted = 0 ORDER BY seq LIMIT ? OFFSET ?) ORDER BY seq",
            limit,
            skip,
        )
        return [msgspec.json.decode(document) for (document,) in rows]

    def newest(self, words: str, *, limit: int, skip: int) -> list[Document]:
        """Returns the profiles that contain the text `words` anywhere, ignoring case, newest first.

        The first `skip` matches are left out, and at most `limit` are returned.
        """
        statement = f"SELECT document FROM customers WHERE deleted = 0 AND {NEWEST_WITH_TEXT}"  # noqa: S608  # a constant
        rows = self._rows(statement, words, limit, skip)
        return [msgspec.json.decode(document) for (document,) in rows]

    def count(self) -> int:
        total: int = self._rows("SELECT count(*) FROM customers WHERE deleted = 0")[0][0]
        return total

    def next_number(self) -> int:
        """Returns a number for the next new customer. No number is ever used twice."""
        number: int = self._rows("SELECT coalesce(max(seq), 0) + 1 FROM customers")[0][0]
        return number

    def add(self, document: Document) -> None:
        self.add_many([(document["customer_id"], msgspec.json.encode(document))])

    def add_many(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Inserts customers from pairs of id and JSON profile. A customer whose id already exists is not changed."""
        with self._lock:
            self._connection.executemany("INSERT OR IGNORE INTO customers (customer_id, document) VALUES (?, ?)", rows)

    def write(self, document: Document, *, executed: int = 0) -> None:
        """Replaces a customer's profile, and adds `executed` to the number of updates of this customer."""
        self._rows(
            "UPDATE customers SET document = ?, executions = executions + ? WHERE customer_id = ?",
            msgspec.json.encode(document),
            executed,
            document["customer_id"],
        )

    def delete(self, customer_id: str) -> None:
        self._rows("UPDATE customers SET document = x'', deleted = 1 WHERE customer_id = ?", customer_id)

    def executions(self, customer_id: str) -> int:
        """Returns how many updates of this customer were executed, even if the customer is deleted.

        Returns 0 for an unknown id.
        """
        rows = self._rows("SELECT executions FROM customers WHERE customer_id = ?", customer_id)
        executions: int = rows[0][0] if rows else 0
        return executions

    def ids(self) -> Iterator[str]:
        """Yields the ids of the customers that are not deleted, oldest first.

        Reads the ids in batches to save memory.
        """
        last = 0
        while rows := self._rows(
            "SELECT seq, customer_id FROM customers WHERE deleted = 0 AND seq > ? ORDER BY seq LIMIT ?", last, _BATCH
        ):
            yield from (customer_id for _, customer_id in rows)
            last = rows[-1][0]

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()
