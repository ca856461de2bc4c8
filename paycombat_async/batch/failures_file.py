"""The failures file: copies of the rows that failed or have an unknown outcome, each with its line and the reason."""

import contextlib
import csv
import json
import os
import re
from collections.abc import Generator, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Final, TextIO

import msgspec

from paycombat_async._json.canonical import canonical_json
from paycombat_async._signing import content_digest
from paycombat_async.batch.partial_file import PartialFile
from paycombat_async.batch.rows.columns import ERROR_MARK, KEY, LINE_MARK, MARKS
from paycombat_async.batch.rows.file import RowFile
from paycombat_async.batch.rows.row import BadRow, Row
from paycombat_async.errors import ConfigurationError

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_OLD_MARKS: Final = re.compile(r'\{"_line":\d+,"_error":"(?:[^"\\]|\\.)*",?')
_CHUNK: Final = 1 << 20


class FailuresFile:
    """Writes the failures file (mode 0600) under a temporary name; `close` moves it to its path.

    The file is a valid input, so the user can correct its rows and pass it to the next run. Its first two columns (in
    JSONL: keys) contain the line number and the reason. Both are ignored when the file is read as input.

    A file that is already at the path is replaced only if the last run with this journal wrote it and its content is
    unchanged. Any other file is kept, because it may hold corrections, and the failures are written to a path with a
    number in its name.
    """

    def __init__(self, path: Path, source: RowFile | None, *, left: str = "") -> None:
        """`left` is the digest of the failures file that the last run with this journal wrote, or "" if it wrote none.

        Raises `ConfigurationError` if `path` is the input or not a regular file, or if its folder cannot be written.
        """
        if path.exists() and (not path.is_file() or _is_input(path, source)):
            raise ConfigurationError(f"{path} is not an earlier failures file and is not overwritten; name another")
        self._path = path
        self._left = left
        self._source = source
        self._stream: TextIO | None = None
        self._ignored: frozenset[int] = frozenset()
        self._is_broken = False
        self.digest = ""
        problem = ""
        try:
            self._partial = PartialFile(path)
        except OSError as error:
            problem = os.strerror(error.errno or 0)
        if problem:
            raise ConfigurationError(
                f"{path.parent} cannot be written, so failures could not be kept ({problem}); name another place"
            )

    def add(self, row: Row | BadRow, reason: str) -> None:
        """Writes a failed row with its reason. Raises `ConfigurationError` if the file cannot be written.

        After such an error, the incomplete file is deleted, and further calls do nothing.
        """
        if not self._is_broken:
            with self._translate_errors():
                self._write(row, reason)

    def _write(self, row: Row | BadRow, reason: str) -> None:
        source = self._source
        if self._stream is None:
            self._stream = self._begin(source)
        if source is not None and source.file_format == "csv" and isinstance(row.source, tuple):
            cells = [cell for at, cell in enumerate(row.source) if at not in self._ignored]
            _write_cells(self._stream, source, [str(row.line), _no_formula(reason), *cells])
        else:
            self._stream.write(_json_line(row, reason) + "\n")

    def close(self) -> Path | None:
        """Moves the file to its path, or to a path with a number in its name if the file already there must stay.

        Returns the path of the moved file, or None if no row failed or if `add` has raised an error. If no row failed,
        deletes the file that the last run with this journal wrote. Sets `digest` to the digest of the moved file;
        `digest` stays "" if no file was moved. Raises `ConfigurationError` if moving or deleting fails.
        """
        if self._is_broken:
            return None
        with self._translate_errors():
            where = self._usable_path()
            if self._stream is None:
                self._partial.discard()
                where.unlink(missing_ok=True)
                return None
            self._stream.flush()
            self.digest = file_digest(self._partial.path)
            self._partial.move_to(where)
        return where

    def _usable_path(self) -> Path:
        numbered = (self._path.with_stem(f"{self._path.stem}-{number}") for number in count(2))
        return next(path for path in chain([self._path], numbered) if self._is_usable(path))

    def _is_usable(self, path: Path) -> bool:
        """Returns whether the failures may be written to `path`.

        Returns True if there is no file, or if the file is the one that the last run with this journal wrote,
        unchanged.
        """
        if not os.path.lexists(path):
            return True
        return bool(self._left) and not path.is_symlink() and path.is_file() and file_digest(path) == self._left

    @contextlib.contextmanager
    def _translate_errors(self) -> Generator[None]:
        """Context manager; after an `OSError`, deletes the incomplete file and raises `ConfigurationError`."""
        problem = ""
        try:
            yield
        except OSError as error:
            problem = os.strerror(error.errno or 0)
        if problem:
            self._is_broken = True
            with contextlib.suppress(OSError):
                self._partial.discard()
            raise ConfigurationError(f"the failures file {self._path} cannot be written: {problem}")

    def _begin(self, source: RowFile | None) -> TextIO:
        stream = self._partial.open("utf-8" if source is None else source.encoding)
        if source is not None and source.file_format == "csv":
            names = source.header_names()
            self._ignored = frozenset(at for at, name in enumerate(names) if name in MARKS)
            # Line and reason come first, so that they stay in their columns even if a row has more cells than the
            # header.
            _write_cells(stream, source, [LINE_MARK, ERROR_MARK, *(name for name in names if name not in MARKS)])
        return stream


def _write_cells(stream: TextIO, source: RowFile, cells: list[str]) -> None:
    csv.writer(stream, delimiter=source.delimiter).writerow(cells)


def _is_input(path: Path, source: RowFile | None) -> bool:
    return source is not None and source.path is not None and path.samefile(source.path)


def file_digest(path: Path) -> str:
    """Returns a hex digest of a file's content, or "" for an empty file. Raises `OSError` if the file is unreadable.

    The file is read piece by piece, because it may not fit into memory.
    """
    digest = ""
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            digest = content_digest(digest.encode(), piece)
    return digest


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
    """Returns whether `text` is a JSON object for Python's `json`, the parser that also reads the rows of the input."""
    try:
        return isinstance(json.loads(text, parse_int=str, parse_float=str), dict)
    except (ValueError, RecursionError):
        return False
