"""The SQLite file of an intents store: readable by its owner only, on a local disk, opened once per process."""

import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Generator
from pathlib import Path
from typing import Final

from paycombat_async._loop_local import leak_forever
from paycombat_async._sqlite_file import claim_database, create_private, refuse_network_file_system, translate_errors

_KIND: Final = "intents store"
_APPLICATION: Final = 0x50434E31  # "PCN1" in SQLite's header marks the file as an intents store
_SCHEMA: Final = 1
_BUSY_S: Final = 10  # seconds to wait for a lock, which other processes hold for milliseconds
_TABLE: Final = """
    CREATE TABLE intent (
        account TEXT NOT NULL, endpoint TEXT NOT NULL, reference TEXT NOT NULL, state TEXT NOT NULL,
        attempt INTEGER NOT NULL, body_digest TEXT NOT NULL, created_at REAL NOT NULL, settled_at REAL,
        leased_until REAL NOT NULL, object_id TEXT, evidence TEXT, expected TEXT NOT NULL, answer BLOB,
        owner TEXT NOT NULL, PRIMARY KEY (account, endpoint, reference)
    ) WITHOUT ROWID
"""
_INDEX: Final = "CREATE INDEX unresolved ON intent (account, created_at) WHERE state IN ('sending', 'unknown')"
_MESSAGES: Final = {
    sqlite3.SQLITE_BUSY: f"was locked by another process for {_BUSY_S} seconds",
    sqlite3.SQLITE_CORRUPT: "is damaged; it is the evidence of payments: repair it before you send any more",
}


class IntentsFile:
    """The store's SQLite file, with one connection in each process, whose transactions run one at a time."""

    def __init__(self, path: Path) -> None:
        """Creates the file if it does not exist. Raises `ConfigurationError` if it cannot be used."""
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._pid = os.getpid()
        create_private(path, _KIND)
        refuse_network_file_system(path, _KIND)
        with self.transaction() as connection:
            claim_database(
                connection,
                application=_APPLICATION,
                schema=_SCHEMA,
                tables=(_TABLE, _INDEX),
                what=f"{_KIND} {path}",
                other="file",
            )

    @contextlib.contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """A context manager that yields the connection in a transaction: it commits at the end, rolls back on an error.

        Raises `ConfigurationError` for every error of SQLite.
        """
        if self._pid != os.getpid():
            self._leave_to_parent()
        with self._lock, translate_errors(_KIND, self.path, _MESSAGES):
            if self._connection is None:
                self._connection = _connect(self.path)
                weakref.finalize(self, _close_or_leave, self._connection, os.getpid())
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Closes the connection of this process; the next transaction opens another one."""
        if self._pid != os.getpid():
            self._leave_to_parent()
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _leave_to_parent(self) -> None:
        """Drops, after a fork, the connection of the parent process; closing it would release the parent's locks."""
        leak_forever(self._connection)
        self._connection, self._pid = None, os.getpid()
        self._lock = threading.Lock()  # a thread of the parent may have held the old lock, which stays locked


def _close_or_leave(connection: sqlite3.Connection, pid: int) -> None:
    """Closes the connection of a store that was collected, or at exit; a forked child leaves its parent's as it is.

    From Python 3.13 on, a connection that nobody closes emits a ResourceWarning.
    """
    if pid == os.getpid():
        connection.close()
    else:
        leak_forever(connection)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a commit that returned survives a power cut
        connection.execute("PRAGMA fullfsync = ON")  # on macOS, fsync alone does not write to the disk
        connection.execute("PRAGMA secure_delete = ON")  # deleted answers are overwritten in the file
    except sqlite3.Error:  # it is not a database
        connection.close()
        raise
    return connection
