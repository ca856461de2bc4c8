"""Private SQLite files: readable by their owner only, with SQLite's errors translated into sentences."""

import contextlib
import os
import sqlite3
import stat
from collections.abc import Generator, Mapping
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
