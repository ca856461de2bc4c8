"""Copies the rows of an input into a temporary table of the database. The input may be larger than the memory."""

import json
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from paycombat_async._signing import content_digest
from paycombat_async.batch.postgres.load_statements import COPY, COPY_TYPES
from paycombat_async.batch.rows.reader import RowReader
from paycombat_async.batch.rows.row import BadRow, Row, Source

if TYPE_CHECKING:
    from paycombat_async._postgres.pool import Connection

_READ_ROWS: Final = 512  # rows read at a time


class Staged(Struct, frozen=True):
    """What `copy_rows` returns: the number of rows in the input, and a digest of their content."""

    rows: int
    digest: str


async def copy_rows(connection: "Connection", reader: RowReader) -> Staged:
    """Copies the input into the table `incoming`, except the rows in which no field of the customer is to be changed.

    Returns the number of all rows of the input and one SHA-256 over all of them, including the rows that are not
    copied. Raises any error of psycopg or of the reader.
    """
    rows, digest = 0, ""
    async with connection.cursor() as cursor, cursor.copy(COPY.encode()) as copy:
        copy.set_types(COPY_TYPES)
        while chunk := await reader.take(_READ_ROWS):
            for row in chunk:
                rows += 1
                # The digest is computed row by row, so that it is the same on a machine that reads other numbers of
                # rows at a time.
                digest = content_digest(digest.encode(), *_identity(row))
                if isinstance(row, BadRow) or not row.changes_nothing:
                    await copy.write_row((rows, *_columns(row)))
    return Staged(rows, digest)


def source_of(packed: bytes) -> Source:
    """Returns the row as it was in the input file: the cells of a CSV row, a JSONL line, or None without a file.

    `packed` is the JSON in which the database stores it.
    """
    source: list[str] | str | None = json.loads(packed)  # msgspec would refuse lone surrogates
    return tuple(source) if isinstance(source, list) else source


def _columns(row: Row | BadRow) -> tuple[int, bytes, bytes, bytes | None, bytes | None, bytes | None, bytes | None]:
    """Returns the columns of `row` in the table `incoming`: line, customer, digest, body, source, reason and damage.

    A column is None if the row has no such value, except that the digest of a `BadRow` is b"".
    """
    customer = row.customer_id.encode("utf-8", "surrogatepass")
    source = None if row.source is None else _packed(row.source)
    if isinstance(row, BadRow):
        return row.line, customer, b"", None, source, row.reason.encode("utf-8", "replace"), None
    damage = row.damage.encode("utf-8", "replace") if row.damage else None
    return row.line, customer, bytes.fromhex(row.digest), row.body, source, None, damage


def _identity(row: Row | BadRow) -> tuple[bytes, bytes]:
    if isinstance(row, Row):
        return b"%d" % row.line, row.digest.encode()
    return b"%d" % row.line, f"{row.customer_id}\0{row.reason}\0{row.source}".encode("utf-8", "surrogatepass")


def _packed(source: Source) -> bytes:
    try:
        return msgspec.json.encode(source)
    except UnicodeEncodeError:  # the source contains a lone surrogate, which UTF-8 cannot encode
        return json.dumps(source).encode()
