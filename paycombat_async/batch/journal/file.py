"""The journal as a file: made for its owner's eyes only, held by one run at a time, bound to one account and input."""

import os
import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

from paycombat_async import _sqlite_file as sqlite_file
from paycombat_async.batch.journal.index import INDEX_TABLE
from paycombat_async.errors import ConfigurationError

_APPLICATION = 0x50434A31  # "PCJ1": how SQLite's header says whose file it is
_SCHEMA = 2
_TABLES = (
    "CREATE TABLE mark (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
    # Numbers ascend in the order of the rows, so that results land on neighbouring pages.
    """
    CREATE TABLE row (
        number INTEGER PRIMARY KEY, key INTEGER NOT NULL, customer TEXT NOT NULL, body TEXT NOT NULL,
        line INTEGER NOT NULL, run INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL
    )
    """,
    INDEX_TABLE,
)


def open_file(path: Path, *, account: str, source: str) -> sqlite3.Connection:
    """Open or make a journal. Raises `ConfigurationError` if it is in use, no journal, or somebody else's."""
    sqlite_file.create_private(path, "journal")
    with translate_errors(path):
        connection = _connect(f"{path.absolute().as_uri()}?mode=rw")
        try:
            _own(connection, path)
            _bind(connection, path, {"account": account, "source": source})
        except BaseException:
            connection.close()
            raise
        return connection


def open_temporary() -> sqlite3.Connection:
    """A journal that lasts as long as its connection, in a file that SQLite makes without a name and takes away."""
    connection = _connect("")
    connection.execute("PRAGMA synchronous = OFF")
    for table in _TABLES:
        connection.execute(table)
    return connection


def source_name(path: Path, journal: Path) -> str:
    """How a journal names its input: relative to itself, so that both may be moved together."""
    try:
        return os.path.relpath(path.resolve(), journal.resolve().parent)
    except ValueError:  # on two drives
        return str(path.resolve())


def translate_errors(path: Path | None) -> AbstractContextManager[None]:
    """Turns SQLite's errors into sentences."""
    return sqlite_file.translate_errors("journal", path, _MESSAGES)


_MESSAGES = {
    sqlite3.SQLITE_BUSY: "is in use by another run; wait for it to end, or name another journal",
    sqlite3.SQLITE_CORRUPT: "is damaged; take it away to begin anew (rows done already are sent again)",
}


def _connect(address: str) -> sqlite3.Connection:
    # One thread at a time uses it, but the one that opens it is not the one that commits.
    return sqlite3.connect(
        address,
        uri=bool(address),
        timeout=0,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=16,  # those that write a chunk are long
    )


def _own(connection: sqlite3.Connection, path: Path) -> None:
    # The exclusive lock is the kernel's, on the file itself: it ends with the process that holds it, however that ends,
    # and it keeps the index of the WAL in memory instead of in a third file.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != _APPLICATION and (application or tables):
        raise ConfigurationError(f"the journal {path} is another program's database; name another journal")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a commit that returned survives a power cut
    connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone does not reach the disk there
    connection.execute("BEGIN EXCLUSIVE")
    if not tables:
        for table in _TABLES:
            connection.execute(table)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_SCHEMA}")
    connection.execute("COMMIT")
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    if schema != _SCHEMA:
        raise ConfigurationError(
            f"the journal {path} was written by another version of paycombat; name another journal"
        )


def _bind(connection: sqlite3.Connection, path: Path, marks: dict[str, str]) -> None:
    known = dict(connection.execute("SELECT name, value FROM mark"))
    if known.get("account", marks["account"]) != marks["account"]:
        raise ConfigurationError(f"the journal {path} belongs to another account or address; name another journal")
    if known.get("source", marks["source"]) != marks["source"]:
        raise ConfigurationError(
            f"the journal {path} belongs to another input, {known['source']}; name another journal"
        )
    connection.executemany("INSERT OR IGNORE INTO mark VALUES (?, ?)", marks.items())
