"""Private SQLite files: readable by their owner only, with SQLite's errors translated into sentences."""

import contextlib
import os
import sqlite3
import stat
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path

from paycombat_async.errors import ConfigurationError

_MESSAGES = {
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_READONLY: "cannot be written: it is read-only",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; is it there, and its directory yours to write?",
}

_NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "fuse.glusterfs", "fuse.sshfs", "lustre"}
)


def create_private(path: Path, kind: str) -> None:
    """Creates the file with mode 0600, or checks the owner of an existing one; SQLite's side files get its mode.

    `kind` is the user's word for the file, such as "journal". Raises `ConfigurationError` if it cannot be used.
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


def claim_database(
    connection: sqlite3.Connection, *, application: int, schema: int, tables: Iterable[str], what: str, other: str
) -> None:
    """Creates the tables in an empty database, or checks that it is ours and of this version.

    `application` and `schema` are stored in SQLite's header; `what` names the file, and `other` what to name instead.
    Raises `ConfigurationError`. Call it inside a transaction.
    """
    (found,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (count,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not count and not found:
        for table in tables:
            connection.execute(table)
        connection.execute(f"PRAGMA application_id = {application}")
        connection.execute(f"PRAGMA user_version = {schema}")
    elif found != application:
        raise ConfigurationError(f"the {what} is another program's database; name another {other}")
    elif version != schema:
        raise ConfigurationError(f"the {what} was written by another version of paycombat; name another {other}")


def refuse_network_file_system(path: Path, kind: str) -> None:
    """Raises `ConfigurationError` if the file lies on a network file system, whose locks SQLite cannot trust.

    This is checked on Linux only, by the mount point that is the longest prefix of the path.
    """
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    points = [(Path(fields[1]), fields[2]) for mount in mounts if len(fields := mount.split(" ")) > 2]
    holders = [(point, name) for point, name in points if path.is_relative_to(point)]
    _, name = max(holders, key=lambda holder: len(holder[0].parts), default=(path, ""))
    if name in _NETWORK_FILE_SYSTEMS:
        raise ConfigurationError(f"the {kind} {path} is on a network file system ({name}); name a file on a local disk")


def _why_unusable(path: Path, kind: str) -> str:
    state = path.lstat()
    if not stat.S_ISREG(state.st_mode):
        return f"is a link or no regular file; name another {kind}"
    if hasattr(os, "geteuid") and state.st_uid != os.geteuid():
        return f"belongs to another user of this machine; name another {kind}"
    if not os.access(path, os.W_OK):
        return _MESSAGES[sqlite3.SQLITE_READONLY]  # checked here, because SQLite may report it as an I/O error
    if state.st_mode & 0o077:
        path.chmod(0o600)
    return ""


@contextlib.contextmanager
def translate_errors(kind: str, path: Path | None, own: Mapping[int, str]) -> Generator[None]:
    """A context in which SQLite's errors become `ConfigurationError`; `own` adds messages by SQLite error code."""
    problem = ""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        known = _MESSAGES | {sqlite3.SQLITE_NOTADB: f"is some other file; name another {kind}"} | dict(own)
        problem = known.get(code, f"cannot be used ({error})")
    if problem:
        raise ConfigurationError(f"the {kind} {path or '(temporary)'} {problem}")
