"""Which row of the journal is whose: an index that is brought up to date many rows at a time.

Ids come in no order, so that in an index of all customers nearly every row of a chunk has a page of its own. Brought
up to date with each chunk, it would cost four times what all else of the journal does at 100 000 rows, and eight times
at 500 000. So the latest rows are held in memory, and their part of the index is made by the thousand.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

LATEST: Final = 16_384  # rows held in memory: 3 MB

INDEX_TABLE: Final = "CREATE TABLE place (key INTEGER, number INTEGER, PRIMARY KEY (key, number)) WITHOUT ROWID"

_FOUND: Final = "SELECT json_group_array(json_array(row.customer, row.number, row.body, row.state, row.line, row.run))"
_BY_KEY: Final = (
    f"{_FOUND} FROM json_each(?) AS asked CROSS JOIN place ON place.key = asked.value"
    " CROSS JOIN row ON row.number = place.number"
)
_BY_NUMBER: Final = f"{_FOUND} FROM json_each(?) AS asked CROSS JOIN row ON row.number = asked.value"


class Known(Struct, frozen=True, gc=False):
    """What the journal says of a customer's row."""

    number: int
    body: str
    state: str
    line: int
    run: int


class CustomerIndex:
    """Finds rows by their customers, among those in the table and those in memory. Takes part in the transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._indexed = 0  # the last row that is in the table
        self._latest: dict[str, int] = {}
        self.read()

    def read(self) -> None:
        """Take up what stands in the file: at the beginning, and when a transaction was rolled back."""
        (indexed,) = self._connection.execute("SELECT max(value) FROM mark WHERE name = 'indexed'").fetchone()
        self._indexed = indexed or 0
        self._latest = dict(
            self._connection.execute("SELECT customer, number FROM row WHERE number > ?", [self._indexed])
        )

    def find(self, customers: Sequence[str], keys: Sequence[int]) -> dict[str, Known]:
        """The rows of these customers, and of others with the same keys."""
        latest = [self._latest[customer] for customer in customers if customer in self._latest]
        known = self._found(_BY_NUMBER, latest) if latest else {}
        if self._indexed:
            known |= self._found(_BY_KEY, keys)
        return known

    def _found(self, statement: str, asked: Sequence[int]) -> dict[str, Known]:
        (found,) = self._connection.execute(statement, [json_text(asked)]).fetchone()
        return {customer: Known(*rest) for customer, *rest in msgspec.json.decode(found)}

    def add(self, rows: Mapping[str, int]) -> None:
        """Note new rows, the number of each by its customer."""
        self._latest |= rows

    def flush(self) -> None:
        """Bring the table up to date, if it is time; the rows in memory are written by now."""
        if len(self._latest) < LATEST:
            return
        self._connection.execute(
            "INSERT INTO place SELECT key, number FROM row WHERE number > ? ORDER BY key", [self._indexed]
        )
        self._indexed = max(self._latest.values())
        self._connection.execute("INSERT OR REPLACE INTO mark VALUES ('indexed', ?)", [self._indexed])
        self._latest.clear()


def json_text(value: object) -> str:
    """Many values as one parameter of a statement."""
    return msgspec.json.encode(value).decode()
