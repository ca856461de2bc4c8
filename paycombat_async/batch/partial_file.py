"""A file under a temporary name, which becomes visible under its own name when it is complete."""

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
    """A new file beside `target`, mode 0600, under a name that no other run has.

    Such files that killed runs have left are deleted first; those of running processes are locked, and are kept.
    """

    def __init__(self, target: Path) -> None:
        """Raises `OSError` if the folder cannot be written."""
        for left in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
            _delete_abandoned(left)
        self._handle, self.path = _create(target)
        while not os.fstat(self._handle).st_nlink:  # another run has deleted the file before this run had locked it
            os.close(self._handle)
            self._handle, self.path = _create(target)
        self._stream: TextIO | None = None

    def open(self, encoding: str) -> TextIO:
        """The text stream to write to. A character that `encoding` does not have is written as a backslash escape."""
        self._stream = os.fdopen(self._handle, "w", encoding=encoding, errors="backslashreplace", newline="")
        return self._stream

    def move_to(self, path: Path) -> None:
        """Force the content to disk and rename the file to `path`, replacing a file that is there."""
        if self._stream is not None:
            self._stream.flush()
        os.fsync(self._handle)
        if sys.platform == "win32":  # Windows cannot rename an open file
            self._close()
        self.path.replace(path)
        self._close()

    def discard(self) -> None:
        """Close and delete the file."""
        with suppress(OSError):  # what is still buffered may not fit on the disk
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
    with suppress(OSError):  # without locks in the file system, no other run can lock the file to delete it
        _lock(handle)
    return handle, Path(name)


def _lock(handle: int) -> None:
    if sys.platform != "win32":
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _delete_abandoned(path: Path) -> None:
    """Delete the file if it belongs to this user and no process has it open."""
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
