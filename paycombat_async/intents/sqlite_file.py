"""The layout of the SQLite file of an intents store."""

import sqlite3
from typing import Final

from paycombat_async._sqlite.layout import Layout

INTENTS_FILE: Final = Layout(
    kind="intents store",
    application=0x50434E31,  # "PCN1" in SQLite's header marks the file as an intents store
    schema=1,
    tables=(
        """
        CREATE TABLE intent (
            account TEXT NOT NULL, endpoint TEXT NOT NULL, reference TEXT NOT NULL, state TEXT NOT NULL,
            attempt INTEGER NOT NULL, body_digest TEXT NOT NULL, created_at REAL NOT NULL, settled_at REAL,
            leased_until REAL NOT NULL, object_id TEXT, evidence TEXT, expected TEXT NOT NULL, answer BLOB,
            owner TEXT NOT NULL, PRIMARY KEY (account, endpoint, reference)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX unresolved ON intent (account, created_at) WHERE state IN ('sending', 'unknown')",
    ),
    messages={
        sqlite3.SQLITE_CORRUPT: "is damaged; it is the evidence of payments: repair it before you send any more",
    },
)
