"""The two SQLite tables of the ledger: the movements of money, and the balance of each currency.

Rows of the first table are never changed.
"""

import sqlite3
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from paycombat_async.sandbox.amounts import plus, text_of
from paycombat_async.sandbox.ledger.entries import Double, LedgerEntry, Movement, doubles_in
from paycombat_async.sandbox.ledger.openings import Openings
from paycombat_async.sandbox.refusals import unprocessable

LEDGER_SCHEMA: Final = """
CREATE TABLE movements (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    movement TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount TEXT NOT NULL,
    id TEXT NOT NULL,
    reference TEXT,
    endpoint TEXT NOT NULL,
    body_digest TEXT NOT NULL
);
CREATE TABLE balances (currency TEXT PRIMARY KEY, amount TEXT NOT NULL);
"""
_COLUMNS: Final = "number, at, movement, currency, amount, id, reference, endpoint, body_digest"


class Ledger:
    """All movements of the merchant's money, oldest first. Safe to read from several threads.

    The first entry of each currency is its opening balance (`Movement.OPENING`), so that the sum of all entries is the
    balance. `len()` and iteration include this entry.
    """

    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock, openings: Openings) -> None:
        self._connection = connection
        self._lock = lock
        self._openings = openings

    def balance(self, currency: str) -> Decimal:
        """Returns the merchant's balance in a currency: the opening balance, plus all movements of money since then."""
        rows = self._rows("SELECT amount FROM balances WHERE currency = ?", currency)
        return Decimal(rows[0][0]) if rows else self._openings.of(currency)

    def balances(self) -> dict[str, Decimal]:
        """Returns the merchant's balance in each currency that has movements."""
        return {currency: Decimal(amount) for currency, amount in self._rows("SELECT currency, amount FROM balances")}

    def entries(self) -> list[LedgerEntry]:
        """Returns all ledger entries, oldest first."""
        # S608 warns of SQL injection, which is impossible here: `_COLUMNS` is a constant.
        return [_entry(row) for row in self._rows(f"SELECT {_COLUMNS} FROM movements ORDER BY number")]  # noqa: S608

    def doubles(self) -> list[Double]:
        """Returns the groups of payins and payouts that were made more than once. The list is empty if there are none.

        Two payins (or two payouts) are duplicates if they have the same `order_reference` or `order_id`. Without such a
        reference, they are duplicates if their request bodies are identical. A payout that repeats a FAILED or RETURNED
        payout is not a duplicate.
        """
        return doubles_in(self.entries())

    def __iter__(self) -> Iterator[LedgerEntry]:
        return iter(self.entries())

    def __len__(self) -> int:
        total: int = self._rows("SELECT count(*) FROM movements")[0][0]
        return total

    def book(self, entry: LedgerEntry) -> None:
        """Adds an entry to the ledger and updates the balance. Must be called inside a transaction.

        The database assigns the entry's `number`; the passed one is ignored. Raises `Refused` (HTTP 422) if the balance
        would become negative.
        """
        self._open(entry)
        balance = plus(self.balance(entry.currency), entry.amount)
        if balance < 0:
            raise unprocessable("INSUFFICIENT_BALANCE", f"the balance in {entry.currency} is too low for this amount")
        self._write(entry)
        self._rows("UPDATE balances SET amount = ? WHERE currency = ?", text_of(balance), entry.currency)

    def _open(self, first: LedgerEntry) -> None:
        amount = self._openings.of(first.currency)
        opened = self._rows(
            "INSERT OR IGNORE INTO balances (currency, amount) VALUES (?, ?) RETURNING currency",
            first.currency,
            text_of(amount),
        )
        if opened:
            self._write(
                LedgerEntry(number=0, at=first.at, movement=Movement.OPENING, currency=first.currency, amount=amount)
            )

    def _write(self, entry: LedgerEntry) -> None:
        self._rows(
            "INSERT INTO movements (at, movement, currency, amount, id, reference, endpoint, body_digest) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            entry.at,
            entry.movement.value,
            entry.currency,
            text_of(entry.amount),
            entry.id,
            entry.reference,
            entry.endpoint,
            entry.body_digest,
        )

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _entry(row: tuple[Any, ...]) -> LedgerEntry:
    number, at, movement, currency, amount, object_id, reference, endpoint, body_digest = row
    return LedgerEntry(
        number=number,
        at=at,
        movement=Movement(movement),
        currency=currency,
        amount=Decimal(amount),
        id=object_id,
        reference=reference,
        endpoint=endpoint,
        body_digest=body_digest,
    )
