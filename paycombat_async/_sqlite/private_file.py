"""Creates files that only their owner can read, for SQLite."""

import os
import sqlite3
import stat
from pathlib import Path

from paycombat_async._sqlite.errors import MESSAGES
from paycombat_async.errors import ConfigurationError


def create_private(path: Path, kind: str) -> None:
    """Creates the file with mode 0600, or checks an existing file and gives it that mode.

    SQLite gives its `-wal` and `-shm` files the same mode. `kind` is what messages call the file, such as "journal".
    Raises `ConfigurationError` if the file cannot be created, is a link or no regular file, belongs to another user, or
    is read-only.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    problem = ""
    try:
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        problem = _why_unusable(path, kind)
    except OSError as error:
        problem = f"cannot be created: {os.strerror(error.errno or 0)}"
    if problem:
        raise ConfigurationError(f"the {kind} {path} {problem}")


def _why_unusable(path: Path, kind: str) -> str:
    state = path.lstat()
    if not stat.S_ISREG(state.st_mode):
        return f"is a link or no regular file; name another {kind}"
    if hasattr(os, "geteuid") and state.st_uid != os.geteuid():
        return f"belongs to another user of this machine; name another {kind}"
    if not os.access(path, os.W_OK):
        return MESSAGES[sqlite3.SQLITE_READONLY]  # SQLite itself may report a read-only file as an I/O error.
    if state.st_mode & 0o077:
        path.chmod(0o600)
    return ""
