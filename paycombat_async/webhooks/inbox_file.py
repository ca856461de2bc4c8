"""The SQLite file of an inbox: readable by its owner only, opened anew for each transaction."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Generator
from pathlib import Path

from paycombat_async._sqlite_file import claim_database, create_private, translate_errors

_APPLICATION = 0x50434931  # "PCI1" in ASCII: SQLite's application_id, by which an inbox file is recognized
_SCHEMA = 1
_PATIENCE_S = 10  # longest wait for SQLite's lock, in seconds; other processes hold it for about a millisecond
_TABLES = (
    """
    CREATE TABLE delivery (
        number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, subject TEXT, receipt TEXT NOT NULL,
        arrived REAL NOT NULL, leased_until REAL NOT NULL DEFAULT 0, payload BLOB
    )
    """,
    "CREATE INDEX undone ON delivery (receipt) WHERE payload IS NOT NULL",
    "CREATE INDEX undone_of ON delivery (subject) WHERE payload IS NOT NULL",
    "CREATE TABLE standing (subject TEXT PRIMARY KEY, status TEXT NOT NULL) WITHOUT ROWID",
)

# This lock is held during each transaction, so that threads wait here and not in SQLite, which would poll. A fork waits
# for the lock, too: a child that inherited an open connection would mistake the parent's file locks for its own.
_CALL = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_CALL.acquire, after_in_parent=_CALL.release, after_in_child=_CALL.release)


class InboxFile:
    """An inbox's SQLite file, opened for each transaction."""

    def __init__(self, path: Path) -> None:
        """Creates the file if it does not exist. Raises `ConfigurationError` if it is not an inbox file."""
        self.path = path
        create_private(path, "inbox")
        with self.transaction() as connection:
            claim_database(
                connection,
                application=_APPLICATION,
                schema=_SCHEMA,
                tables=_TABLES,
                what=f"inbox {path}",
                other="inbox",
            )

    @contextlib.contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """A context with a connection in a transaction: committed to disk at the end, rolled back on an exception."""
        with (
            _CALL,
            translate_errors("inbox", self.path, _MESSAGES),
            contextlib.closing(_connect(self.path)) as connection,
        ):
            _prepare(connection)
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")  # after an exception, closing the connection rolls back


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=_PATIENCE_S, isolation_level=None)


def _prepare(connection: sqlite3.Connection) -> None:
    # EXTRA, because with FULL a power cut right after a commit may bring back SQLite's rollback journal, which undoes
    # the commit. A write-ahead log (WAL) is not used: it is a second file with payloads, and slow to open.
    connection.execute("PRAGMA synchronous = EXTRA")
    connection.execute("PRAGMA fullfsync = ON")  # on macOS, fsync alone does not force the data onto the disk
    connection.execute("PRAGMA secure_delete = ON")  # overwrites deleted payloads, which hold personal data


_MESSAGES = {
    sqlite3.SQLITE_BUSY: f"was locked by another process for {_PATIENCE_S} seconds",
    sqlite3.SQLITE_CORRUPT: "is damaged; take it away to begin anew (deliveries that are repeated count as new then)",
}
