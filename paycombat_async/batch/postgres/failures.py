"""Lists the rows that failed on any machine of a run, for the report and for the failures file of each machine."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Final

from paycombat_async._postgres.tables import Tables
from paycombat_async._printable import printable
from paycombat_async.batch.failures_file import FailuresFile, file_digest
from paycombat_async.batch.postgres.chunk_statements import FAILURES, LEAVE, LEFT, WARNINGS
from paycombat_async.batch.postgres.staging import source_of
from paycombat_async.batch.report import FIRST_FAILURES, Failure, Tally
from paycombat_async.batch.rows.file import RowFile
from paycombat_async.batch.rows.row import BadRow

_READ_ROWS: Final = 1000  # rows read at a time


async def open_failures_file(tables: Tables, run: int, path: Path, source: RowFile | None) -> FailuresFile:
    """Returns the failures file of this machine, ready to be written.

    A file at `path` is replaced only if a run of this name wrote it and its content is unchanged. Raises
    `ConfigurationError` if `path` is the input or not a regular file, or if its folder cannot be written. Raises
    `StoreFailed` if the database fails.
    """
    ((left,),) = await tables.execute(LEFT, {"run": run})
    return await asyncio.to_thread(_open, path, source, left)


def _open(path: Path, source: RowFile | None, left: list[str]) -> FailuresFile:
    present = ""
    with suppress(OSError):  # a file that cannot be read stays, because a run may not have written it
        present = file_digest(path) if path.is_file() else ""
    return FailuresFile(path, source, left=present if present in left else "")


async def list_failures(tables: Tables, run: int, file: FailuresFile | None, tally: Tally) -> Path | None:
    """Adds the first 20 failures and the first 20 warnings to `tally`, and writes all failures to `file`.

    Closes `file` and returns its path, or None if no row failed or if `file` is None. Raises `ConfigurationError` if
    the file cannot be written, and `StoreFailed` if the database fails.
    """
    async for row in _failures(tables, run):
        tally.keep(row, row.reason)
        if file is not None:
            file.add(row, row.reason)
        elif len(tally.failures) >= FIRST_FAILURES:
            break
    for line, customer, damage in await tables.execute(WARNINGS, {"run": run, "limit": FIRST_FAILURES}):
        tally.warnings.append(Failure(line, printable(_text(customer)), printable(_text(damage))))
    where = None if file is None else file.close()
    if file is not None and file.digest:
        await tables.execute(LEAVE, {"run": run, "digest": file.digest})
    return where


async def _failures(tables: Tables, run: int) -> AsyncGenerator[BadRow]:
    """Yields the rows that failed, were refused or have an unknown outcome, in the order of their lines."""
    line, number = -1, 0
    while True:
        values = {"run": run, "line": line, "number": number, "limit": _READ_ROWS}
        found = await tables.execute(FAILURES, values)
        for line, number, customer, packed, is_body, reason in found:  # noqa: B007  # the last line and number are used above
            source = None if packed is None else packed.decode() if is_body else source_of(packed)
            yield BadRow(line, _text(reason), _text(customer), source)
        if len(found) < _READ_ROWS:
            return


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "surrogatepass")
