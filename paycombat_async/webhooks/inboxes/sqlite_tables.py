"""The tables of an inbox's SQLite file, and the longer queries on them."""

import sqlite3
from typing import Final

from paycombat_async._sqlite.layout import Layout

# AUTOINCREMENT prevents that a number is used twice, because a delivery is recognized by its number and attempt. An
# event is done if its payload is NULL. The table `standing` has the recorded status of each payin and payout. The
# numbers of damaged events are in a table of their own, because writing to a damaged row may fail.
INBOX_FILE: Final = Layout(
    kind="inbox",
    application=0x50434931,  # "PCI1"; this number in SQLite's file header marks the file as an inbox
    schema=2,
    tables=(
        """
        CREATE TABLE delivery (
            number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, subject TEXT, receipt TEXT NOT NULL,
            arrived REAL NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, is_held INTEGER NOT NULL DEFAULT 0,
            since REAL NOT NULL DEFAULT 0, until REAL NOT NULL DEFAULT 0, payload BLOB
        )
        """,
        "CREATE INDEX undone ON delivery (receipt) WHERE payload IS NOT NULL",
        "CREATE INDEX undone_of ON delivery (subject) WHERE payload IS NOT NULL",
        "CREATE TABLE standing (subject TEXT PRIMARY KEY, status TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE damaged (number INTEGER PRIMARY KEY)",
    ),
    messages={
        sqlite3.SQLITE_CORRUPT: "is damaged, and may hold events that are not done: keep a copy of it and of the file"
        " *-wal beside it, and repair it with `sqlite3 FILE .recover`",
    },
)

# says whether a lease or pause is over, by the same rule as `rules.is_over`
_IS_OVER: Final = "(until <= :now OR since - (until - since) > :now)"
_UNDONE: Final = "payload IS NOT NULL AND number NOT IN (SELECT number FROM damaged)"
NEXT: Final = f"""
    SELECT number FROM delivery WHERE receipt = 'new' AND {_IS_OVER} AND {_UNDONE}
    AND NOT EXISTS (
        SELECT 1 FROM delivery AS earlier WHERE earlier.receipt = 'new' AND earlier.payload IS NOT NULL
        AND earlier.subject = delivery.subject AND earlier.number < delivery.number
        AND earlier.number NOT IN (SELECT number FROM damaged)
    )
    ORDER BY number LIMIT 1
"""  # noqa: S608  # only constants are inserted
TAKE: Final = (
    "UPDATE delivery SET attempt = attempt + 1, is_held = 1, since = ?, until = ? WHERE number = ?"
    " RETURNING attempt, payload"
)
WAIT: Final = "UPDATE delivery SET is_held = ?, since = ?, until = ? WHERE number = ?"
HELD: Final = "SELECT attempt, is_held, payload IS NULL FROM delivery WHERE number = ?"
UNDONE: Final = f"SELECT number FROM delivery WHERE receipt = ? AND {_UNDONE} ORDER BY number"  # noqa: S608  # only constants
DEPTH: Final = f"""
    SELECT count(*), total(receipt = 'new'), total(receipt = 'new' AND is_held AND NOT {_IS_OVER}),
        min(CAST(arrived AS REAL)), (SELECT count(*) FROM damaged)
    FROM delivery WHERE {_UNDONE}
"""  # noqa: S608  # only constants are inserted
DAMAGED: Final = """
    SELECT number, key, CAST(arrived AS REAL) FROM damaged JOIN delivery USING (number) ORDER BY number LIMIT ?
"""
RECEIVE: Final = "INSERT INTO delivery (key, subject, receipt, arrived, payload) VALUES (?, ?, ?, ?, ?)"
FORGET: Final = "DELETE FROM delivery WHERE arrived < ? AND payload IS NULL"
