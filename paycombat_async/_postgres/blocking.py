"""Blocking connections to PostgreSQL, for callers that run blocking code of their own inside a transaction."""

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
        """Connects at the first use, and not here.

        `dsn` is the connection string. `failure` makes an error from the description of a problem, such as "is
        read-only". Raises `ConfigurationError` if `dsn` is not valid.
        """
        self._dsn = with_defaults(dsn)
        self._failure = failure
        self._pid = os.getpid()
        # Idle connections, each with the time at which it was returned, in monotonic seconds. The list needs no lock,
        # because its methods are atomic.
        self._idle: _Idle = []
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
            with contextlib.suppress(IndexError):  # IndexError: another thread has just taken the last connection
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
    """Lends the blocking connections of the user's own pool of psycopg."""

    def __init__(self, pool: BlockingPool, failure: Callable[[str], StoreFailed]) -> None:
        self._pool = pool
        self._failure = failure

    @contextlib.contextmanager
    def transaction(self) -> Generator[psycopg.Connection[Any]]:
        """Context manager; yields a connection inside a transaction, which an exception rolls back.

        Exceptions of the `with` block are raised unchanged. Raises `StoreFailed` for all other errors of the database.
        """
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
            stack.close()  # returns the broken connection to the user's pool, which then closes it
        raise psycopg.OperationalError


def executor(connection: psycopg.Connection[Any], sql: Callable[[str], bytes]) -> Callable[[str, Values], Rows]:
    """Returns a function that executes an SQL statement with its values on the connection, and returns the rows.

    `sql` turns the text of a statement into bytes, with the name of the schema in it.
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
        with contextlib.suppress(IndexError):
            # `pop` raises IndexError if another thread has just taken the last connection. The variable `connection`
            # is needed because psycopg warns if an open connection is garbage-collected.
            _, connection = idle.pop()
            connection.pgconn.finish()
