"""The failures file: rows that were not carried out, as they were in the input, with line number and reason."""

import contextlib
import csv
import json
import os
import re
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TextIO

import msgspec

from paycombat_async._json.canonical import canonical_json
from paycombat_async.batch.rows.columns import ERROR_MARK, KEY, LINE_MARK, MARKS
from paycombat_async.batch.rows.csv_file import csv_header
from paycombat_async.batch.rows.file import RowFile, open_text
from paycombat_async.batch.rows.row import BadRow, Row
from paycombat_async.errors import ConfigurationError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_OLD_MARKS = re.compile(r'\{"_line":\d+,"_error":"(?:[^"\\]|\\.)*",?')
_STARTS = (b"_line,_error,", b'{"_line":', b"\xef\xbb\xbf_line,_error,")


class FailuresFile:
    """The failures file: created under a temporary name at the first failure, renamed to `path` by `close`; mode 0600.

    The result is a valid input: the user corrects its rows and syncs it. Its first two columns (keys in JSONL), line
    number and reason, are ignored when it is read as input.
    """

    def __init__(self, path: Path, source: RowFile | None) -> None:
        """Raises `ConfigurationError` if `path` is an existing file of another kind, or its folder is read-only."""
        if path.exists() and not _is_failures_file(path, source):
            raise ConfigurationError(f"{path} is not an earlier failures file and is not overwritten; name another")
        if not os.access(path.parent, os.W_OK):
            raise ConfigurationError(
                f"{path.parent} cannot be written, so failures could not be kept; name another place"
            )
        self.path = path
        self._source = source
        self._partial = path.with_name(f".{path.name}.part")
        self._stream: TextIO | None = None
        self._ignored: frozenset[int] = frozenset()
        self._is_broken = False

    def add(self, row: Row | BadRow, reason: str) -> None:
        """Write one row. Raises `ConfigurationError` if that fails; after a failure nothing more is written."""
        if not self._is_broken:
            with self._translate_errors():
                self._write(row, reason)

    def _write(self, row: Row | BadRow, reason: str) -> None:
        if self._stream is None:
            self._stream = self._begin()
        if self._source is not None and self._source.file_format == "csv" and isinstance(row.source, tuple):
            cells = [cell for at, cell in enumerate(row.source) if at not in self._ignored]
            csv.writer(self._stream).writerow([row.line, _no_formula(reason), *cells])
        else:
            self._stream.write(_json_line(row, reason) + "\n")

    def close(self) -> Path | None:
        """Move the file to its path and return that. Without failures, delete an earlier file there and return None.

        Raises `ConfigurationError` if it cannot be written.
        """
        if self._is_broken:
            return None
        with self._translate_errors():
            if self._stream is None:
                self.path.unlink(missing_ok=True)
                return None
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            self._partial.replace(self.path)
        return self.path

    @contextlib.contextmanager
    def _translate_errors(self) -> Generator[None]:
        """Turn `OSError` into `ConfigurationError` and delete the partial file, which would look complete."""
        problem = ""
        try:
            yield
        except OSError as error:
            problem = os.strerror(error.errno or 0)
        if problem:
            self._is_broken = True
            with contextlib.suppress(OSError):
                if self._stream is not None:
                    self._stream.close()
            self._partial.unlink(missing_ok=True)
            raise ConfigurationError(f"the failures file {self.path} cannot be written: {problem}")

    def _begin(self) -> TextIO:
        # Delete the temporary file that a killed earlier run may have left; usually there is none.
        with contextlib.suppress(FileNotFoundError):
            self._partial.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(self._partial, flags, 0o600)
        stream = os.fdopen(handle, "w", encoding="utf-8", newline="")
        if self._source is not None and self._source.file_format == "csv":
            self._write_header(stream, self._source)
        return stream

    def _write_header(self, stream: TextIO, source: RowFile) -> None:
        with source.path.open("rb") as original:
            if original.read(3) == b"\xef\xbb\xbf":  # the byte order mark, by which spreadsheets detect UTF-8
                stream.write("\ufeff")
        with open_text(source.path, source.file_format) as original_text:
            names = csv_header(original_text).names
        self._ignored = frozenset(at for at, name in enumerate(names) if name in MARKS)
        # Line and reason come first, so that they stay in their columns even if a row has too many or too few cells.
        csv.writer(stream).writerow([LINE_MARK, ERROR_MARK, *(name for name in names if name not in MARKS)])


def _no_formula(reason: str) -> str:
    return f"'{reason}" if reason.startswith(_FORMULA) else reason


def _json_line(row: Row | BadRow, reason: str) -> str:
    marks = _text({LINE_MARK: row.line, ERROR_MARK: reason})
    if isinstance(row.source, str):
        body = _OLD_MARKS.sub("{", row.source, count=1)
        if not _is_object(body):
            body = _text({"_source": row.source})
    else:
        body = canonical_json(row.request).decode() if isinstance(row, Row) else _text({KEY: row.customer_id})
    rest = body[1:].lstrip()
    return marks[:-1] + ("" if rest.startswith("}") else ",") + rest


def _text(value: Mapping[str, object]) -> str:
    return msgspec.json.encode(value).decode()


def _is_object(text: str) -> bool:
    """Whether Python's json, which also reads the rows, parses this as an object; other parsers may disagree."""
    try:
        return isinstance(json.loads(text, parse_int=str, parse_float=str), dict)
    except (ValueError, RecursionError):
        return False


def _is_failures_file(path: Path, source: RowFile | None) -> bool:
    if not path.is_file() or (source is not None and path.samefile(source.path)):
        return False
    with path.open("rb") as stream:
        return stream.read(32).startswith(_STARTS)
