"""The file of an inbox: made for its owner's eyes only, and opened for one transaction at a time."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Generator
from pathlib import Path

from paycombat_async._sqlite_file import create_private, translate_errors
from paycombat_async.errors import ConfigurationError

_APPLICATION = 0x50434931  # "PCI1": how SQLite's header says whose file it is
_SCHEMA = 1
_PATIENCE_S = 10  # for other processes, each of which needs a millisecond
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

# One call at a time in this process, because SQLite's own waiting polls. A fork waits for its end as well: with a
# connection inherited, SQLite would take the parent's locks for the child's own.
_CALL = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_CALL.acquire, after_in_parent=_CALL.release, after_in_child=_CALL.release)


class InboxFile:
    """A path, and how to work on what is there."""

    def __init__(self, path: Path) -> None:
        """Makes the file if there is none. Raises `ConfigurationError` if it is something else."""
        self.path = path
        create_private(path, "inbox")
        with self.transaction() as connection:
            _own(connection, path)

    @contextlib.contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """A connection inside a transaction; what was done through it is durable afterwards, or undone."""
        with (
            _CALL,
            translate_errors("inbox", self.path, _MESSAGES),
            contextlib.closing(_connect(self.path)) as connection,
        ):
            _prepare(connection)
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")  # where it is not reached, closing rolls back


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=_PATIENCE_S, isolation_level=None)


def _prepare(connection: sqlite3.Connection) -> None:
    # EXTRA, for SQLite's rollback journal: with FULL, a power cut right after a commit may bring the journal back and
    # undo it. A write-ahead log would leave a second file with payloads and cost more per connection than it saves.
    connection.execute("PRAGMA synchronous = EXTRA")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone does not reach the disk there
    connection.execute("PRAGMA secure_delete = ON")  # payloads that are dropped are overwritten


_MESSAGES = {
    sqlite3.SQLITE_BUSY: f"was locked by another process for {_PATIENCE_S} seconds",
    sqlite3.SQLITE_CORRUPT: "is damaged; take it away to begin anew (deliveries that are repeated count as new then)",
}


def _own(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables and not application:
        for table in _TABLES:
            connection.execute(table)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_SCHEMA}")
    elif application != _APPLICATION:
        raise ConfigurationError(f"the inbox {path} is another program's database; name another inbox")
    elif schema != _SCHEMA:
        raise ConfigurationError(f"the inbox {path} was written by another version of paycombat; name another inbox")
