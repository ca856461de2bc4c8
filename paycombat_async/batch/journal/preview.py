"""The journal as a dry run uses it: to find the rows that a real run would skip. Nothing in the journal is changed."""

import sqlite3
import zlib
from collections.abc import Sequence
from pathlib import Path

from paycombat_async.batch.journal.binding import Binding
from paycombat_async.batch.journal.file import open_file, translate_errors
from paycombat_async.batch.journal.index import CustomerIndex
from paycombat_async.batch.journal.journal import is_up_to_date
from paycombat_async.batch.rows.row import Row


class JournalPreview:
    """Says which rows the next run with this journal would skip. Not thread-safe."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._path = path
        self._connection = connection
        with translate_errors(path):
            query = "SELECT max(value) FROM mark WHERE name = 'all_since'"
            (self._all_since,) = connection.execute(query).fetchone()
            self._index = CustomerIndex(connection)

    def skips(self, rows: Sequence[Row]) -> list[bool]:
        """Returns for each row whether a run would skip it.

        Raises `ConfigurationError` if the file is unreadable or damaged.
        """
        customers = [row.request.customer_id for row in rows]
        with translate_errors(self._path):
            known = self._index.find(customers, [zlib.crc32(customer.encode()) for customer in customers])
        found = [known.get(customer) for customer in customers]
        return [
            before is not None and is_up_to_date(before, row, self._all_since or 0)
            for row, before in zip(rows, found, strict=True)
        ]

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


def preview_journal(path: Path, binding: Binding) -> JournalPreview | None:
    """Returns the preview of the journal at `path`, or None if the file does not exist. Creates no file.

    Raises `ConfigurationError` if the journal is in use, is damaged, or is bound to another account, address or input.
    """
    if not path.exists():
        return None
    connection = open_file(path, binding)
    try:
        return JournalPreview(connection, path)
    except BaseException:
        connection.close()
        raise
