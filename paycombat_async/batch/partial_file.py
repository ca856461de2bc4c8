"""A file that is written under a temporary name, and is renamed to its final name when it is complete."""

import glob
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TextIO

if sys.platform != "win32":
    import fcntl


class PartialFile:
    """A new file in the folder of `target`, mode 0600, under a temporary name that no other run has.

    Before the file is created, temporary files that killed runs have left for the same `target` are deleted. Temporary
    files of running processes are locked, and are kept.
    """

    def __init__(self, target: Path) -> None:
        """Creates the file. Raises `OSError` if the folder cannot be written."""
        for left in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
            _delete_abandoned(left)
        self._handle, self.path = _create(target)
        while not os.fstat(self._handle).st_nlink:  # another run deleted the file before this run locked it
            os.close(self._handle)
            self._handle, self.path = _create(target)
        self._stream: TextIO | None = None

    def open(self, encoding: str) -> TextIO:
        """Returns the text stream to write to. A character that `encoding` cannot encode becomes a backslash escape."""
        self._stream = os.fdopen(self._handle, "w", encoding=encoding, errors="backslashreplace", newline="")
        return self._stream

    def move_to(self, path: Path) -> None:
        """Writes the content to disk (fsync) and renames the file to `path`. Replaces a file that is already there."""
        if self._stream is not None:
            self._stream.flush()
        os.fsync(self._handle)
        if sys.platform == "win32":  # Windows cannot rename an open file
            self._close()
        self.path.replace(path)
        self._close()

    def discard(self) -> None:
        """Closes the file, and deletes it if it exists."""
        with suppress(OSError):  # closing the file writes buffered data, which fails if the disk is full
            self._close()
        self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        elif self._handle >= 0:
            os.close(self._handle)
        self._handle = -1


def _create(target: Path) -> tuple[int, Path]:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    # On a file system without locks, locking fails. Other runs do not delete this file nevertheless, because they
    # delete a file only after locking it.
    with suppress(OSError):
        _lock(handle)
    return handle, Path(name)


def _lock(handle: int) -> None:
    if sys.platform != "win32":
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _delete_abandoned(path: Path) -> None:
    """Deletes the file if it belongs to this user and no running process has it locked (on Windows: open).

    Keeps the file and raises nothing if the file belongs to another user, is not a regular file, or is in use.
    """
    if sys.platform == "win32":
        with suppress(OSError):  # the file is open, or belongs to another user
            path.unlink()
        return
    with suppress(OSError):
        state = path.lstat()
        if state.st_uid != os.geteuid() or not stat.S_ISREG(state.st_mode):
            return
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            _lock(handle)
            path.unlink()
        finally:
            os.close(handle)
