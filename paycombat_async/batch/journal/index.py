"""The index from customers to rows of the journal, updated many rows at a time.

Customer ids come in no particular order. Nearly every row of a chunk (the rows that one transaction writes) therefore
belongs on another page of an index over all customers. Updating the index with each chunk would take four times as long
as all other work of the journal at 100 000 rows, and eight times as long at 500 000 rows. Therefore the latest rows are
kept in memory, and are added to the index in groups of at least `LATEST` (16 384) rows.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

LATEST: Final = 16_384  # the number of latest rows that are kept in memory, where they take 3 MB

INDEX_TABLE: Final = "CREATE TABLE place (key INTEGER, number INTEGER, PRIMARY KEY (key, number)) WITHOUT ROWID"

_FOUND: Final = "SELECT json_group_array(json_array(row.customer, row.number, row.body, row.state, row.line, row.run))"
_BY_KEY: Final = (
    f"{_FOUND} FROM json_each(?) AS asked CROSS JOIN place ON place.key = asked.value"
    " CROSS JOIN row ON row.number = place.number"
)
_BY_NUMBER: Final = f"{_FOUND} FROM json_each(?) AS asked CROSS JOIN row ON row.number = asked.value"


class Known(Struct, frozen=True, gc=False):
    """The journal's record of a customer's row.

    `number` is the row's number in the journal, `body` the digest of its content, `state` a value of `RowState`, `line`
    the row's line in the input, and `run` the number of the last run that recorded the row.
    """

    number: int
    body: str
    state: str
    line: int
    run: int


class CustomerIndex:
    """Finds the journal's row of a customer id: the latest rows in memory, older rows in the table `place` on disk."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._indexed = 0  # number of the last row that is in the table `place`
        self._latest: dict[str, int] = {}
        self.read()

    def read(self) -> None:
        """Replaces the rows in memory by the journal's rows that are not in the index on disk (the table `place`) yet.

        The constructor calls this method. After a transaction was rolled back, the owner of this object must call it
        again.
        """
        (indexed,) = self._connection.execute("SELECT max(value) FROM mark WHERE name = 'indexed'").fetchone()
        self._indexed = indexed or 0
        self._latest = dict(
            self._connection.execute("SELECT customer, number FROM row WHERE number > ?", [self._indexed])
        )

    def find(self, customers: Sequence[str], keys: Sequence[int]) -> dict[str, Known]:
        """Returns the recorded rows of `customers`, by customer id. A customer without a recorded row is left out.

        `keys` are the CRC-32 checksums of the ids. The result may also have customers whose ids have the same checksums
        by chance; the caller must ignore them.
        """
        latest = [self._latest[customer] for customer in customers if customer in self._latest]
        known = self._found(_BY_NUMBER, latest) if latest else {}
        if self._indexed:
            known |= self._found(_BY_KEY, keys)
        return known

    def _found(self, statement: str, asked: Sequence[int]) -> dict[str, Known]:
        (found,) = self._connection.execute(statement, [json_text(asked)]).fetchone()
        return {customer: Known(*rest) for customer, *rest in msgspec.json.decode(found)}

    def add(self, rows: Mapping[str, int]) -> None:
        """Adds new rows to the rows in memory. `rows` maps customer ids to the numbers of the rows."""
        self._latest |= rows

    def flush(self) -> None:
        """Moves the rows in memory to the index on disk if there are at least `LATEST` (16 384), else does nothing.

        The caller must have begun a transaction and written the rows to the table `row`.
        """
        if len(self._latest) < LATEST:
            return
        self._connection.execute(
            "INSERT INTO place SELECT key, number FROM row WHERE number > ? ORDER BY key", [self._indexed]
        )
        self._indexed = max(self._latest.values())
        self._connection.execute("INSERT OR REPLACE INTO mark VALUES ('indexed', ?)", [self._indexed])
        self._latest.clear()


def json_text(value: object) -> str:
    """Returns the value as JSON, so that SQLite's `json_each` can take a list of values as one parameter."""
    return msgspec.json.encode(value).decode()
