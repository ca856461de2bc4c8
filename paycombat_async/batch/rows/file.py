"""A file of rows: checked as a whole before anything is sent, then read as a stream."""

import codecs
import errno
import os
import stat
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, TextIO, TypeAlias

from paycombat_async.batch.rows.columns import Empty
from paycombat_async.batch.rows.csv_file import count_csv, read_csv
from paycombat_async.batch.rows.jsonl_file import count_jsonl, read_jsonl
from paycombat_async.batch.rows.row import BadRow, Given, Row
from paycombat_async.errors import ConfigurationError

FileFormat: TypeAlias = Literal["csv", "jsonl"]

_SUFFIXES: dict[str, FileFormat] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_COUNT: dict[FileFormat, Callable[[TextIO], int]] = {"csv": count_csv, "jsonl": count_jsonl}
# CSV allows any line ending, and line ends within cells; JSONL lines end with a line feed only.
_NEWLINE: dict[FileFormat, str] = {"csv": "", "jsonl": "\n"}
_CHUNK = 1 << 20
_LONGEST_LINE = 4 << 20
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class RowFile:
    """A checked file of `total` rows; each iteration reads it again from the start."""

    path: Path
    file_format: FileFormat
    empty: Empty
    total: int

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Yields the rows. Raises `ConfigurationError` if the file has become unreadable since it was checked."""
        try:
            with open_text(self.path, self.file_format) as stream:
                yield from read_csv(stream, self.empty) if self.file_format == "csv" else read_jsonl(stream)
        except (OSError, UnicodeDecodeError) as error:
            problem = type(error).__name__
        else:
            return
        raise ConfigurationError(f"{self.path.name} can no longer be read ({problem}); was it changed meanwhile?")


def open_rows(path: str | os.PathLike[str], *, file_format: FileFormat | None = None, empty: Empty = "keep") -> RowFile:
    """Check a file of rows and return it: CSV if it ends in .csv, JSONL if in .jsonl or .ndjson, or as `file_format`.

    In CSV an empty cell leaves its field unchanged and `<clear>` clears it; with `empty="clear"` an empty cell clears
    the field and `<keep>` leaves it unchanged. Raises `ConfigurationError` if the file as a whole cannot be used, such
    as for its encoding or its header; a single invalid row is a `BadRow` later.
    """
    where = Path(path)
    chosen = file_format or _SUFFIXES.get(where.suffix.lower())
    if chosen is None:
        raise ConfigurationError(f"{where.name}: neither .csv nor .jsonl; specify its format")
    try:
        with _open_regular(where) as stream:
            _check_bytes(stream)
        with open_text(where, chosen) as text:
            return RowFile(where, chosen, empty, _COUNT[chosen](text))
    except ConfigurationError as error:
        problem = f"{where.name}: {error}"
    except OSError as error:
        problem = f"{where}: {os.strerror(error.errno or 0)}"
    raise ConfigurationError(problem)


def open_text(path: Path, file_format: FileFormat) -> TextIO:
    """The file opened as UTF-8 text, without its byte order mark."""
    return path.open(encoding="utf-8-sig", newline=_NEWLINE[file_format])


def _open_regular(path: Path) -> BinaryIO:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "")
    if not stat.S_ISREG(mode):
        raise ConfigurationError("not a regular file; it is read twice, so save it to one first")
    return path.open("rb")


def _check_bytes(stream: BinaryIO) -> None:
    decode = codecs.getincrementaldecoder("utf-8")().decode
    line, without_end, decoded = 1, 0, False
    while chunk := stream.read(_CHUNK):
        if not decoded and chunk.startswith(_UTF16_MARKS):
            raise ConfigurationError("is UTF-16; save it as UTF-8 (in Excel: 'CSV UTF-8')")
        _check_chunk(chunk, line, decode)
        newlines = chunk.count(b"\n") or chunk.count(b"\r")
        without_end = 0 if newlines else without_end + len(chunk)
        if without_end > _LONGEST_LINE:
            raise ConfigurationError(
                f"line {line} is longer than {_LONGEST_LINE >> 20} MiB; a customer's row is never that long"
            )
        line, decoded = line + newlines, decoded or chunk != codecs.BOM_UTF8
    _check_chunk(b"", line, lambda data: decode(data, True))  # noqa: FBT003 - codecs' own signature
    if not decoded:
        raise ConfigurationError("the file is empty")


def _check_chunk(chunk: bytes, line: int, decode: Callable[[bytes], str]) -> None:
    at, problem = chunk.find(b"\0"), "a NUL byte; the file is damaged or is not text"
    try:
        decode(chunk)
    except UnicodeDecodeError as error:
        # The decoder may still hold the first bytes of a character from the previous chunk.
        start = max(0, error.start - (len(error.object) - len(chunk)))
        if at < 0 or start < at:
            at, problem = start, f"the byte 0x{error.object[error.start]:02x}, which is not UTF-8; save it as UTF-8"
    if at >= 0:
        raise ConfigurationError(f"line {line + chunk.count(bytes([10]), 0, at)} contains {problem}")


GivenRows: TypeAlias = RowFile | Iterable[Given] | AsyncIterable[Given]
Rows: TypeAlias = str | os.PathLike[str] | GivenRows
FilePath: TypeAlias = str | os.PathLike[str]
