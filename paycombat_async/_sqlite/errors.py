"""Translates SQLite's errors into errors of the SDK."""

import contextlib
import sqlite3
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Final

from paycombat_async.errors import ConfigurationError, PayCombatError

MESSAGES: Final = {
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_READONLY: "cannot be written: it is read-only",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; is it there, and its directory yours to write?",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error",
}


@contextlib.contextmanager
def translate_errors(
    kind: str, path: Path | None, own: Mapping[int, str], as_error: type[PayCombatError] = ConfigurationError
) -> Generator[None]:
    """Context manager; turns SQLite's errors in the `with` block into errors of the class `as_error`.

    The message begins with `kind` and `path`, as in "the journal /tmp/j.db". `own` maps error codes of SQLite to
    messages, which are used in place of the messages of this module.
    """
    problem = ""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        known = MESSAGES | {sqlite3.SQLITE_NOTADB: f"is some other file; name another {kind}"} | dict(own)
        problem = known.get(code, f"cannot be used ({error})")
    except UnicodeDecodeError:  # raised by Python if SQLite's message quotes a damaged schema that is not UTF-8
        problem = own.get(sqlite3.SQLITE_CORRUPT, "is damaged")
    if problem:
        raise as_error(f"the {kind} {path or '(temporary)'} {problem}")
