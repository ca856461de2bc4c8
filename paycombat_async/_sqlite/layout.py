"""The tables of a SQLite file, and the numbers in its header that identify the file."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from paycombat_async.errors import ConfigurationError


class Layout(Struct, frozen=True):
    """Describes a kind of SQLite file: its name in messages, its tables, and its messages by SQLite's error code.

    `application` and `schema` are the numbers in SQLite's header that identify such files.
    """

    kind: str
    application: int
    schema: int
    tables: tuple[str, ...]
    messages: Mapping[int, str] = {}


def claim_database(connection: sqlite3.Connection, layout: Layout, path: Path) -> None:
    """Creates the tables of `layout` in an empty database, or checks that the database at `path` has this layout.

    Raises `ConfigurationError` if the numbers in its header are others. Must be called inside a transaction.
    """
    (found,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (count,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    what = f"{layout.kind} {path}"
    if not count and not found:
        for table in layout.tables:
            connection.execute(table)
        connection.execute(f"PRAGMA application_id = {layout.application}")
        connection.execute(f"PRAGMA user_version = {layout.schema}")
    elif found != layout.application:
        raise ConfigurationError(f"the {what} is another program's database; name another file")
    elif version != layout.schema:
        raise ConfigurationError(f"the {what} was written by another version of paycombat; name another file")
