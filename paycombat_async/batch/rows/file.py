"""A file of rows, which is checked as a whole before anything is sent, and afterwards read row by row."""

import io
import os
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Literal, TextIO, TypeAlias

from paycombat_async._file_path import file_path
from paycombat_async._signing import content_digest
from paycombat_async.batch.rows.columns import Empty
from paycombat_async.batch.rows.csv_file import count_csv, csv_header, find_delimiter, read_csv
from paycombat_async.batch.rows.jsonl_file import count_jsonl, read_jsonl
from paycombat_async.batch.rows.row import BadRow, Row
from paycombat_async.batch.rows.source import Opener, open_file, open_stream
from paycombat_async.batch.rows.text import check_text, find_encoding
from paycombat_async.errors import ConfigurationError

FileFormat: TypeAlias = Literal["csv", "jsonl"]

STANDARD_INPUT: Final = "standard input"
_SUFFIXES: Final[dict[str, FileFormat]] = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
# CSV allows any line ending, and line endings within cells. A JSONL line ends with a line feed only.
_NEWLINE: Final[dict[FileFormat, str]] = {"csv": "", "jsonl": "\n"}
_DIGESTED: Final = 1 << 20  # bytes read at a time for the digest
_HEADER_CHARACTERS: Final = 1 << 16  # characters at the start of a file that are read to find the delimiter


@dataclass(frozen=True, slots=True)
class RowFile:
    """A checked file of `total` rows. Each iteration reads the file again from the start.

    `name` is the file's name in messages. `path` is None if the rows come from a stream. `delimiter` separates the
    cells of CSV. `strict` says whether rows that a spreadsheet seems to have damaged are refused.
    """

    path: Path | None
    name: str
    file_format: FileFormat
    empty: Empty
    delimiter: str
    encoding: str
    strict: bool
    total: int
    _open: Opener = field(repr=False)

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Yields the rows; an invalid row is a `BadRow`.

        Raises `ConfigurationError` if the file has become unreadable or invalid since it was checked.
        """
        with self._translate_errors(), self._open_text() as stream:
            for row in self._rows(stream):
                if self.strict and isinstance(row, Row) and row.damage:
                    yield BadRow(row.line, row.damage, row.customer_id, row.source)
                else:
                    yield row

    def content_digest(self) -> str:
        """Returns a hex digest of the file's content and of the settings with which it is read.

        The settings are format, `empty`, delimiter, encoding and `strict`. Raises `ConfigurationError` if the file can
        no longer be read.
        """
        how = (self.file_format, self.empty, self.delimiter, self.encoding, str(self.strict))
        digest = content_digest(*(part.encode() for part in how))
        with self._translate_errors(), self._open() as stream:
            while piece := stream.read(_DIGESTED):
                digest = content_digest(digest.encode(), piece)
        return digest

    def header_names(self) -> tuple[str, ...]:
        """Returns the column names of a CSV file. Raises `ConfigurationError` if the file can no longer be read."""
        with self._translate_errors(), self._open_text() as stream:
            return csv_header(stream, self.delimiter).names

    def _rows(self, stream: TextIO) -> Iterator[Row | BadRow]:
        if self.file_format == "csv":
            return read_csv(stream, self.empty, self.delimiter)
        return read_jsonl(stream)

    def _open_text(self) -> TextIO:
        return _text(self._open(), self.encoding, self.file_format)

    @contextmanager
    def _translate_errors(self) -> Generator[None]:
        try:
            yield
        except (OSError, EOFError, UnicodeError, zlib.error) as error:
            problem = type(error).__name__
        else:
            return
        raise ConfigurationError(f"{self.name} can no longer be read ({problem}); was it changed meanwhile?")


def open_rows(
    path: str | os.PathLike[str] | BinaryIO,
    *,
    file_format: FileFormat | None = None,
    empty: Empty = "keep",
    delimiter: str | None = None,
    encoding: str | None = None,
    strict: bool = False,
) -> RowFile:
    """Checks a file of rows and returns it as an object to iterate over.

    `path` is the path of a file, or a stream of bytes such as `sys.stdin.buffer`, which is copied to a temporary file.
    Without `file_format`, the name of the file says the format: CSV for .csv and .tsv, JSONL for .jsonl and .ndjson. A
    stream without `file_format` is JSONL if it begins with a brace or bracket, else CSV. Data compressed with gzip is
    decompressed.

    In CSV an empty cell leaves its field unchanged and `<clear>` clears the field. With `empty="clear"` an empty cell
    clears the field and `<keep>` leaves it unchanged. Without `delimiter`, comma, semicolon and tab are recognized by
    the header. Without `encoding`, a byte order mark at the beginning says whether the file is UTF-8, UTF-16 or UTF-32,
    and a file without such a mark is read as UTF-8. Rows that a spreadsheet seems to have damaged are reported and
    sent. With `strict` they are refused.

    Raises `ConfigurationError` if the file is unreadable, empty or damaged, if it has another encoding or format, or if
    its header is invalid. An invalid row raises nothing; it becomes a `BadRow` when it is read.
    """
    wanted = "rows are read from the path of a file, a stream or an iterable"
    where = file_path(path, wanted) if isinstance(path, str | os.PathLike) else None
    name = STANDARD_INPUT if where is None else where.name
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise ConfigurationError("the delimiter must be one character, such as ; or a tab")
    try:
        opener = open_stream(path) if not isinstance(path, str | os.PathLike) else open_file(Path(path))
        with opener() as stream:
            known = find_encoding(stream, encoding)
        with opener() as stream:
            check_text(stream, known)
        with _text(opener(), known, "csv") as text:
            start = text.read(_HEADER_CHARACTERS)
        chosen = file_format or _find_format(where, start)
        separator = delimiter or (find_delimiter(start) if chosen == "csv" else ",")
        with _text(opener(), known, chosen) as text:
            total = count_csv(text, separator) if chosen == "csv" else count_jsonl(text)
    except ConfigurationError as error:
        problem = f"{name}: {error}"
    except (EOFError, zlib.error):
        problem = f"{name}: the gzip data is cut short or damaged"
    except OSError as error:
        # Errors that Python's gzip module raises itself have no errno.
        problem = f"{where or name}: {os.strerror(error.errno)}" if error.errno else f"{name}: the gzip data is damaged"
    else:
        return RowFile(where, name, chosen, empty, separator, known, strict, total, opener)
    raise ConfigurationError(problem)


def _find_format(path: Path | None, start: str) -> FileFormat:
    if path is None:  # a stream has no suffix, but no CSV header begins with a brace or bracket
        return "jsonl" if start.lstrip().startswith(("{", "[")) else "csv"
    suffix = Path(path.stem).suffix if path.suffix.lower() == ".gz" else path.suffix
    chosen = _SUFFIXES.get(suffix.lower())
    if chosen is None:
        raise ConfigurationError("neither .csv nor .jsonl; specify its format: --format (in code file_format=)")
    return chosen


def _text(stream: BinaryIO, encoding: str, file_format: FileFormat) -> TextIO:
    return io.TextIOWrapper(stream, encoding, newline=_NEWLINE[file_format])


FilePath: TypeAlias = str | os.PathLike[str]
