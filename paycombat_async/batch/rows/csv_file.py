"""CSV input: reads rows from a text stream, and counts them."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Final, TextIO

from paycombat_async.batch.rows.columns import KEY, MARKS, Empty, Header, read_header
from paycombat_async.batch.rows.row import BadRow, Row, row_from_data
from paycombat_async.errors import ConfigurationError

# The most characters in a cell. The limit is longer than the longest body that may be sent, so that a cell that is too
# long for a body makes only its own row bad. A limit is needed because a quote that is never closed turns everything
# after it in the file into one cell, which could fill the memory.
MAX_CELL: Final = 1 << 20
# Matches a cell that begins with spaces or tabs and then a quote. Line breaks do not count as spaces: a cell with a
# line break is quoted as a whole, so that a quote after the line break is part of the value.
_QUOTE_AFTER_BLANKS: Final = re.compile(r"[ \t\u00a0]+\"")
_TOLD: Final = re.compile(r"(\"?)sep=([^\r\n\"])\1\r?\n")
_DELIMITERS: Final = (",", ";", "\t")  # recognized by the header; Excel in German or French writes semicolons


def find_delimiter(start: str) -> str:
    """Returns the delimiter of the CSV text that begins with `start`.

    A first line such as `sep=;`, which programs write for Excel, names the delimiter. Without such a line, comma,
    semicolon and tab are tried in this order, and the first that gives the header a column `customer_id` is returned.
    If no delimiter gives the header such a column, a comma is returned.
    """
    told = _TOLD.match(start)
    if told is not None:
        return told[2]
    return next((delimiter for delimiter in _DELIMITERS if KEY in _names(start, delimiter)), ",")


def read_csv(stream: TextIO, empty: Empty, delimiter: str = ",") -> Iterator[Row | BadRow]:
    """Yields the rows after the header. A row that is invalid, or whose cells do not fit the header, is a `BadRow`.

    Raises `ConfigurationError` for an invalid header or broken quoting.
    """
    records = _records(stream, delimiter)
    header = _header(records, delimiter)
    for line, cells in records:
        problem = _misfit(header, cells, empty)
        if problem:
            at = header.names.index(KEY)
            yield BadRow(line, problem, cells[at] if at < len(cells) else "", cells)
        else:
            padded = (*cells, *("" for _ in header.names[len(cells) :]))
            yield row_from_data(line, header.fields(padded, empty), cells)


def count_csv(stream: TextIO, delimiter: str = ",") -> int:
    """Returns the number of rows after the header.

    Raises `ConfigurationError` for an invalid header or broken quoting.
    """
    records = _records(stream, delimiter)
    _header(records, delimiter)
    return sum(1 for _ in records)


def csv_header(stream: TextIO, delimiter: str = ",") -> Header:
    """Returns the parsed header. Raises `ConfigurationError` if it is invalid or missing."""
    return _header(_records(stream, delimiter), delimiter)


def _misfit(header: Header, cells: tuple[str, ...], empty: Empty) -> str:
    """Returns the reason why these cells do not fit the header, or "" if they fit."""
    width = len(header.names)
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        return f"too many cells: {len(cells)}, the header has {width}"
    # Cells that are left out at the end of a row count as empty. If empty cells clear fields, the row is refused
    # instead, because cells may have been left out by mistake.
    if (
        len(cells) < width
        and empty == "clear"
        and any(name and name not in MARKS for name in header.names[len(cells) :])
    ):
        return f"too few cells: {len(cells)}, the header has {width}"
    for at in header.unnamed:
        if at < len(cells) and cells[at].strip():
            return f"column {at + 1} has no name, but this row has a value there"
    for at, (name, cell) in enumerate(zip(header.names, cells, strict=False)):
        # CSV removes quotes only if the quote is the first character of a cell. After `id, "VIP"` with its space, the
        # value that is sent would contain the quotes.
        if _QUOTE_AFTER_BLANKS.match(cell) and name not in MARKS:
            return f"{name or f'column {at + 1}'}: white space before a quote, so the quotes would be sent; take it out"
    return ""


def _names(start: str, delimiter: str) -> list[str]:
    try:
        _, cells = next(_records(io.StringIO(start, newline=""), delimiter), (0, ()))
    except ConfigurationError:
        return []
    return [cell.strip() for cell in cells]


def _header(records: Iterator[tuple[int, tuple[str, ...]]], delimiter: str) -> Header:
    line, cells = next(records, (0, ()))
    # A first line `sep=;` names the delimiter, and is not the header. The csv module reads it as the two cells `sep=`
    # and "". It reads the line `"sep=;"`, with quotes, as one cell.
    if cells and cells[0] in {"sep=", f"sep={delimiter}"}:
        line, cells = next(records, (0, ()))
    if not cells:
        raise ConfigurationError("the file has no header; its first row must name the columns")
    return read_header(cells, line, delimiter)


def _records(stream: TextIO, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yields the cells of each row, with the number of the row's first line.

    Skips rows that have only empty cells, because spreadsheets add such rows. Raises `ConfigurationError` for broken
    quoting.
    """
    csv.field_size_limit(
        max(csv.field_size_limit(), MAX_CELL)
    )  # the limit applies to the whole process, so it is never lowered
    reader = csv.reader(stream, strict=True, delimiter=delimiter)
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
