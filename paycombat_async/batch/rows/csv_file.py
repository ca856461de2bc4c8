"""CSV input: reads rows from a text stream, and counts them."""

import csv
from collections.abc import Iterator
from typing import TextIO

from paycombat_async.batch.rows.columns import KEY, MARKS, Empty, Header, read_header
from paycombat_async.batch.rows.row import BadRow, Row, row_from_data
from paycombat_async.errors import ConfigurationError

# Characters in a cell. More than the longest body that may be sent, so that a cell that is too long for a body makes
# one bad row; less than what would fill the memory if a quote is never closed.
MAX_CELL = 1 << 20


def read_csv(stream: TextIO, empty: Empty) -> Iterator[Row | BadRow]:
    """Yields the rows after the header; one with more or fewer cells than the header is a `BadRow`."""
    records = _records(stream)
    header = _header(records)
    for line, cells in records:
        yield _row(header, line, cells, empty)


def count_csv(stream: TextIO) -> int:
    """The number of rows. Raises `ConfigurationError` for an invalid header or broken quoting."""
    records = _records(stream)
    _header(records)
    return sum(1 for _ in records)


def csv_header(stream: TextIO) -> Header:
    """The parsed header. Raises `ConfigurationError` if it is invalid."""
    return _header(_records(stream))


def _row(header: Header, line: int, cells: tuple[str, ...], empty: Empty) -> Row | BadRow:
    missing = header.names[len(cells) :]
    if len(cells) <= len(header.names) and set(missing) <= set(
        MARKS
    ):  # these columns are ignored, so they may be missing
        return row_from_data(line, header.fields((*cells, *("" for _ in missing)), empty), cells)
    amount = "many" if len(cells) > len(header.names) else "few"
    reason = f"too {amount} cells: {len(cells)}, the header has {len(header.names)}"
    at = header.names.index(KEY)
    return BadRow(line, reason, cells[at] if at < len(cells) else "", cells)


def _header(records: Iterator[tuple[int, tuple[str, ...]]]) -> Header:
    line, cells = next(records, (0, ()))
    if not cells:
        raise ConfigurationError("the file has no header; its first row must name the columns")
    return read_header(cells, line)


def _records(stream: TextIO) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yields the first line number and the cells of each row; skips rows of empty cells, which spreadsheets add."""
    csv.field_size_limit(
        max(csv.field_size_limit(), MAX_CELL)
    )  # the limit applies to the whole process, so it is never lowered
    reader = csv.reader(stream, strict=True)
    line, problem = 0, ""
    while not problem:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            problem = str(error)
        else:
            if cells is None:
                return
            if any(cells):
                yield line, tuple(cells)
    raise ConfigurationError(
        f"line {line}: the quoting is broken, so the boundaries of rows are uncertain ({problem}); "
        'close each quoted cell and write a quote inside it as ""'
    )
