"""SQLite files that only their owner can read. SQLite's errors are translated into errors of the SDK."""

import contextlib
import os
import sqlite3
import stat
import threading
import weakref
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from paycombat_async._loop_local import leak_forever
from paycombat_async._mounts import refuse_unsafe_mount
from paycombat_async.errors import ConfigurationError, PayCombatError, StoreFailed

_BUSY_S: Final = 10  # the longest wait for SQLite's lock, in seconds; other processes hold the lock for milliseconds
_MESSAGES: Final = {
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_READONLY: "cannot be written: it is read-only",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; is it there, and its directory yours to write?",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error",
}


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


def claim_database(
    connection: sqlite3.Connection, *, application: int, schema: int, tables: Iterable[str], what: str, other: str
) -> None:
    """Creates the tables in an empty database, or checks that the database has this `application` and `schema` number.

    Both numbers are stored in SQLite's header. Raises `ConfigurationError` if one of them differs. In the error
    message, `what` names the file, as in "journal /tmp/j.db". `other` is what the user should name instead, as in
    "name another file". Must be called inside a transaction.
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


def _why_unusable(path: Path, kind: str) -> str:
    state = path.lstat()
    if not stat.S_ISREG(state.st_mode):
        return f"is a link or no regular file; name another {kind}"
    if hasattr(os, "geteuid") and state.st_uid != os.geteuid():
        return f"belongs to another user of this machine; name another {kind}"
    if not os.access(path, os.W_OK):
        return _MESSAGES[sqlite3.SQLITE_READONLY]  # SQLite itself may report a read-only file as an I/O error.
    if state.st_mode & 0o077:
        path.chmod(0o600)
    return ""


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
        known = _MESSAGES | {sqlite3.SQLITE_NOTADB: f"is some other file; name another {kind}"} | dict(own)
        problem = known.get(code, f"cannot be used ({error})")
    except UnicodeDecodeError:  # raised by Python if SQLite's message quotes a damaged schema that is not UTF-8
        problem = own.get(sqlite3.SQLITE_CORRUPT, "is damaged")
    if problem:
        raise as_error(f"the {kind} {path or '(temporary)'} {problem}")


@dataclass(frozen=True, slots=True)
class Layout:
    """Describes a kind of SQLite file: its name in messages, its tables, and its messages by SQLite's error code.

    `application` and `schema` are the numbers in SQLite's header that identify such files.
    """

    kind: str
    application: int
    schema: int
    tables: tuple[str, ...]
    messages: Mapping[int, str] = field(default_factory=dict[int, str])


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
            claim_database(
                connection,
                application=layout.application,
                schema=layout.schema,
                tables=layout.tables,
                what=f"{layout.kind} {path}",
                other="file",
            )
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
