"""The SQLite file of a journal (the states of a batch's rows).

It has mode 0600, is locked by the run that uses it, and is bound to one account and one input.
"""

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from paycombat_async._sqlite.errors import translate_errors as translate_sqlite_errors
from paycombat_async._sqlite.private_file import create_private
from paycombat_async.batch.journal.binding import Binding, check_bound
from paycombat_async.batch.journal.index import INDEX_TABLE
from paycombat_async.errors import ConfigurationError

_APPLICATION = 0x50434A31  # "PCJ1"; this number in SQLite's header marks the file as a journal
_SCHEMA = 2
_TABLES = (
    "CREATE TABLE mark (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
    # Rows are numbered in the order of the input, so that rows which are sent together are stored on neighbouring pages
    # of the database. Writing their results then changes few pages.
    """
    CREATE TABLE row (
        number INTEGER PRIMARY KEY, key INTEGER NOT NULL, customer TEXT NOT NULL, body TEXT NOT NULL,
        line INTEGER NOT NULL, run INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL
    )
    """,
    INDEX_TABLE,
)


def open_file(path: Path, binding: Binding) -> sqlite3.Connection:
    """Returns a connection to the journal at `path`. Creates the journal if the file does not exist.

    Raises `ConfigurationError` if the file

    - cannot be opened, or is damaged;
    - is not a journal of this version;
    - is in use by another run; or
    - belongs to another account, address or input than `binding`.

    A new journal does not yet belong to an account, address or input; `bind` stores them later.
    """
    create_private(path, "journal")
    with translate_errors(path):
        connection = _connect(f"{path.absolute().as_uri()}?mode=rw")
        try:
            _own(connection, path)
            check_bound(dict(connection.execute("SELECT name, value FROM mark")), path, binding)
        except BaseException:
            connection.close()
            raise
        return connection


def open_temporary() -> sqlite3.Connection:
    """Returns a connection to an empty journal in an unnamed temporary file, which SQLite deletes on closing."""
    connection = _connect("")
    connection.execute("PRAGMA synchronous = OFF")
    for table in _TABLES:
        connection.execute(table)
    return connection


def source_name(path: Path, journal: Path) -> str:
    """Returns the name of the input that the journal stores: the input's path relative to the journal's folder.

    The path is relative so that both files can be moved together. Bytes of the path that are not text are written as
    backslash escapes, because SQLite stores text as UTF-8.
    """
    try:
        name = os.path.relpath(path.resolve(), journal.resolve().parent)
    except ValueError:  # Windows: there is no relative path from one drive to another
        name = str(path.resolve())
    return name.encode("utf-8", "backslashreplace").decode()


@contextmanager
def translate_errors(path: Path | None) -> Generator[None]:
    """Context manager; turns errors of SQLite, and errors of decoding stored values, into `ConfigurationError`.

    `path` is the path of the journal for the message, or None for a temporary journal.
    """
    is_damaged = False
    with translate_sqlite_errors("journal", path, _MESSAGES):
        try:
            yield
        except (UnicodeDecodeError, msgspec.DecodeError):
            is_damaged = True
        except sqlite3.OperationalError as error:
            # If stored text is not UTF-8, the error comes from Python, not from SQLite, and has no error code.
            if hasattr(error, "sqlite_errorcode") or "decode" not in str(error):
                raise
            is_damaged = True
    if is_damaged:
        raise ConfigurationError(f"the journal {path} {_DAMAGED}")


_DAMAGED: Final = "is damaged; delete it to start again (rows already done are sent again)"
_MESSAGES: Final = {
    sqlite3.SQLITE_BUSY: "is in use by another run; wait for it to end, or name another journal",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
}


def _connect(address: str) -> sqlite3.Connection:
    # `check_same_thread` is off because the connection is opened in one thread and used in another. Two threads never
    # use it at the same time.
    return sqlite3.connect(
        address,
        uri=bool(address),
        timeout=0,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=16,  # keeps parsed statements, because the statements that write a chunk take long to parse
    )


def _own(connection: sqlite3.Connection, path: Path) -> None:
    # EXCLUSIVE keeps a lock on the file. The kernel frees the lock when the process ends, even if it is killed. In this
    # mode SQLite keeps the index of the write-ahead log in memory instead of in a -shm file.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != _APPLICATION and (application or tables):
        raise ConfigurationError(f"the journal {path} is another program's database; name another journal")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a commit that has returned survives a power failure
    connection.execute("PRAGMA fullfsync = ON")  # on macOS, fsync alone may leave the data in the disk's cache
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
