"""A SQLite file that the threads of many processes share, also over forks."""

import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Generator
from pathlib import Path
from typing import Final

from paycombat_async._loop_local import leak_forever
from paycombat_async._sqlite.errors import translate_errors
from paycombat_async._sqlite.layout import Layout, claim_database
from paycombat_async._sqlite.mounts import refuse_unsafe_mount
from paycombat_async._sqlite.private_file import create_private
from paycombat_async.errors import ConfigurationError, PayCombatError, StoreFailed

_BUSY_S: Final = 10  # the longest wait for SQLite's lock, in seconds; other processes hold the lock for milliseconds


class SqliteFile:
    """A SQLite file on a local disk. Each process has one connection, and runs one transaction at a time.

    A commit calls fsync once, for the write-ahead log. After every thousand pages, a checkpoint calls fsync twice more.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        """Creates the file if it does not exist. Raises `ConfigurationError` if it cannot be created or opened."""
        self.path = path
        self._layout = layout
        self._messages = {
            sqlite3.SQLITE_BUSY: f"was locked by another process for {_BUSY_S} seconds",
            **layout.messages,
        }
        # The thread that holds the lock may take it again, because a signal handler may fork during a transaction.
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._pid = os.getpid()
        create_private(path, layout.kind)
        refuse_unsafe_mount(path, layout.kind)
        with self._execute("BEGIN IMMEDIATE", ConfigurationError) as connection:
            claim_database(connection, layout, path)
        _files.add(self)

    def transaction(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """Context manager; yields the connection inside a transaction.

        An exception in the `with` block rolls the transaction back. Raises `StoreFailed` for every error of SQLite.
        """
        return self._execute("BEGIN IMMEDIATE", StoreFailed)

    def reading(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """Context manager; yields the connection inside a transaction for reading, which blocks no other process.

        Raises `StoreFailed` for every error of SQLite.
        """
        return self._execute("BEGIN", StoreFailed)

    def clear_log(self) -> bool:
        """Empties the write-ahead log, which may hold deleted data, and returns whether this succeeded.

        Returns False if another process uses the log, if this process has no open connection to the file, or after an
        error of SQLite. Never waits for another process.
        """
        with self._own_lock(), contextlib.suppress(sqlite3.Error):
            if self._connection is not None and self._is_in_place():
                self._connection.execute("PRAGMA busy_timeout = 0")
                (is_busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                self._connection.execute(f"PRAGMA busy_timeout = {_BUSY_S * 1000}")
                return not is_busy
        return False

    def close(self) -> None:
        """Closes the connection of this process. The next transaction opens a new connection."""
        with self._own_lock():
            connection, self._connection = self._connection, None
            if connection is not None:
                self._finalizer.detach()
                connection.close()

    def before_fork(self) -> None:
        """Waits for the transaction in progress, closes the connection, and blocks transactions until `after_fork`."""
        self._own_lock().acquire()
        with contextlib.suppress(sqlite3.Error):
            self.close()

    def after_fork(self) -> None:
        """Lets transactions begin again, in the parent and in the child."""
        self._lock.release()

    @contextlib.contextmanager
    def _execute(self, begin: str, as_error: type[PayCombatError]) -> Generator[sqlite3.Connection]:
        with self._own_lock(), translate_errors(self._layout.kind, self.path, self._messages, as_error):
            try:
                connection = self._open()
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
            except sqlite3.Error:
                # `close` rolls the transaction back. The next use opens the file again, which may be repaired by then.
                # If `close` fails, too, the first error is raised and not the error of `close`.
                with contextlib.suppress(sqlite3.Error):
                    self.close()
                raise
            except BaseException:
                if self._connection is not None and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and not self._is_in_place():
            # The open file was moved or deleted. SQLite notices this when it closes the file, and does not delete the
            # log of another file that may be at `path` now.
            self.close()
        if self._connection is None:
            self._connection = _connect(self.path)
            self._identity = _identity_of(self.path)
            self._finalizer = weakref.finalize(self, _close_or_leave, self._connection, os.getpid())
        return self._connection

    def _is_in_place(self) -> bool:
        """Whether the open file is still the file at `path`. Records written to a deleted file would be lost."""
        return self._identity == _identity_of(self.path)

    def _own_lock(self) -> threading.RLock:
        # os.fork calls `_before_fork`, which closes the connection. A fork by the C code of a server does not call it.
        # The child then leaves the parent's connection open, because closing it would release the parent's file locks.
        # The child also makes a new lock, because a thread of the parent may have held the old one at the fork.
        if self._pid != os.getpid():
            self._leave_open()
            self._lock, self._pid = threading.RLock(), os.getpid()
        return self._lock

    def _leave_open(self) -> None:
        if self._connection is not None:
            self._finalizer.detach()
            leak_forever(self._connection)
            self._connection = None


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = _decode
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        # In a file system without shared memory, SQLite does not switch to WAL and returns the former mode. The SDK
        # needs WAL with `synchronous = FULL`, so that committed records survive a power cut.
        if mode != "wal":
            raise sqlite3.OperationalError(f"its journal mode stays {mode}, and cannot be WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a commit that returned survives a power cut
        connection.execute("PRAGMA fullfsync = ON")  # on macOS, fsync alone does not write to the disk
        connection.execute("PRAGMA secure_delete = ON")  # SQLite overwrites deleted data, which may be personal
    except sqlite3.Error:  # raised, for example, if the file is not a SQLite database
        connection.close()
        raise
    return connection


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "replace")  # one damaged text must not make all other data in the file unreadable


def _close_or_leave(connection: sqlite3.Connection, pid: int) -> None:
    """Closes the connection when its `SqliteFile` is freed, or at exit. `pid` is the process that opened it.

    In a forked child, the connection that the parent opened stays open, because closing it would release the parent's
    file locks. The parent must close it, because since Python 3.13 an unclosed connection causes a ResourceWarning.
    """
    if pid == os.getpid():
        connection.close()
    else:
        leak_forever(connection)


# A forked child that inherits an open connection would believe that it holds the file locks of its parent. SQLite's log
# could then be deleted while the child writes to it. Therefore a fork waits until all transactions have ended, and
# closes all connections. The next use of a file opens a new connection.
_files: Final["weakref.WeakSet[SqliteFile]"] = weakref.WeakSet()
_forking: Final = threading.RLock()
_locked: Final[list[SqliteFile]] = []


def _before_fork() -> None:
    _forking.acquire()
    for file in sorted(_files, key=id):
        file.before_fork()
        _locked.append(file)


def _after_fork() -> None:
    while _locked:
        _locked.pop().after_fork()
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
