"""Blocking connections to PostgreSQL. Blocking code of the caller runs inside their transactions."""

import contextlib
import os
import sys
import weakref
from collections.abc import Callable, Generator
from typing import Any

import psycopg

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._loop_local import leak_forever
from paycombat_async._postgres.errors import translated
from paycombat_async._postgres.pool import CONNECT_S, IDLE_S, TRIES, is_alive, with_defaults
from paycombat_async._postgres.scripts import Rows, Values
from paycombat_async._postgres.threaded import BlockingPool, fetch_blocking
from paycombat_async._secrets import Secret
from paycombat_async.errors import StoreFailed

# Any is used here and below because the connection's rows may be of any type.
_Idle = list[tuple[float, psycopg.Connection[Any]]]


class BlockingConnections:
    """Blocking connections to one database, for any number of threads.

    Connections are opened when needed, and reused if they were idle for less than `IDLE_S` seconds. Transactions that
    run at the same time have different connections. A connection is closed if its use raises an error.
    """

    def __init__(self, dsn: Secret, failure: Callable[[str], StoreFailed]) -> None:
        """Connects at the first use. `failure` makes an error from a description, as `Database.failure` does.

        Raises `ConfigurationError` if `dsn` is not a valid connection string.
        """
        self._dsn = with_defaults(dsn)
        self._failure = failure
        self._pid = os.getpid()
        self._idle: _Idle = []  # (time of return, connection); no lock, as methods of a list are atomic
        weakref.finalize(self, _end_all, self._idle)

    @contextlib.contextmanager
    def transaction(self) -> Generator[psycopg.Connection[Any]]:
        """Context manager; yields a connection inside a transaction, which an exception rolls back.

        Exceptions of the `with` block are raised unchanged. Raises `StoreFailed` for all other errors of the database.
        """
        with translated(self._failure):
            connection = self._take() or self._connect()
        try:
            with _transaction(connection, self._failure):
                yield connection
        except BaseException:
            connection.pgconn.finish()
            raise
        self._own().append((SYSTEM_CLOCK.monotonic(), connection))

    def close(self) -> None:
        """Closes the connections that are not in use. The next transaction opens a new one."""
        _end_all(self._own())

    def _take(self) -> psycopg.Connection[Any] | None:
        idle = self._own()
        while idle:
            with contextlib.suppress(IndexError):  # another thread has taken the last connection
                returned, connection = idle.pop()
                if returned > SYSTEM_CLOCK.monotonic() - IDLE_S and is_alive(connection):
                    return connection
                connection.pgconn.finish()
        return None

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._dsn.reveal(), autocommit=True, prepare_threshold=None)

    def _own(self) -> _Idle:
        """Returns the idle connections of this process.

        A forked process neither uses nor closes the connections of its parent.
        """
        if self._pid != os.getpid():
            leak_forever(list(self._idle))
            self._idle.clear()
            self._pid = os.getpid()
        return self._idle


class LentConnections:
    """The blocking connections of the user's own pool."""

    def __init__(self, pool: BlockingPool, failure: Callable[[str], StoreFailed]) -> None:
        self._pool = pool
        self._failure = failure

    @contextlib.contextmanager
    def transaction(self) -> Generator[psycopg.Connection[Any]]:
        """Context manager; yields a connection inside a transaction, like `BlockingConnections.transaction`."""
        with contextlib.ExitStack() as stack:
            with translated(self._failure):
                connection = self._lend(stack)
            with _transaction(connection, self._failure):
                yield connection

    def close(self) -> None:
        """Does nothing, because the user closes the pool."""

    def _lend(self, stack: contextlib.ExitStack) -> psycopg.Connection[Any]:
        for _ in range(TRIES):
            connection = stack.enter_context(self._pool.connection(CONNECT_S))
            if is_alive(connection):
                return connection
            stack.close()  # the pool drops the connection, which broke while it was idle
        raise psycopg.OperationalError


def executor(connection: psycopg.Connection[Any], sql: Callable[[str], bytes]) -> Callable[[str, Values], Rows]:
    """Returns a function that executes statements on the connection, as `play` needs it.

    `sql` is `Tables.sql` or `Tables.sql_within`, which put the name of the schema into the text of a statement.
    """
    return lambda text, values: fetch_blocking(connection, sql(text), values)


@contextlib.contextmanager
def _transaction(
    connection: psycopg.Connection[Any], failure: Callable[[str], StoreFailed]
) -> Generator[psycopg.Connection[Any]]:
    with translated(failure):
        transaction = connection.transaction()
        transaction.__enter__()
    try:
        yield connection
    except BaseException:
        transaction.__exit__(*sys.exc_info())
        raise
    with translated(failure):
        transaction.__exit__(None, None, None)


def _end_all(idle: _Idle) -> None:
    while idle:
        with contextlib.suppress(IndexError):  # another thread has taken the last connection
            # The variable keeps the connection object until the connection is closed, because psycopg warns if the
            # object of an open connection is garbage-collected.
            _, connection = idle.pop()
            connection.pgconn.finish()
