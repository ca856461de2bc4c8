"""The PostgreSQL connections of one event loop: opened when needed, and cut if the server does not answer."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from paycombat_async._secrets import Secret
from paycombat_async.errors import ConfigurationError

Connection: TypeAlias = psycopg.AsyncConnection[object]

# The time to get a connection, in seconds. A server behind a load balancer usually restarts in less time.
CONNECT_S: Final = 5

# Work is tried this many times in total if transactions conflict, or if a server restart broke pooled connections.
TRIES: Final = 50

# The largest number of connections of one event loop. A small number is enough, because a statement takes about 1 ms. A
# large number would exhaust the server, which allows 100 connections in total by default.
MOST: Final = 8

# An idle connection is kept for this number of seconds. AWS and Azure drop idle connections silently after 240 to 350
# seconds.
IDLE_S: Final = 180.0

# Each of these parameters is used only if the connection string does not set it. PgBouncer accepts all of them.
_DEFAULTS: Final[Mapping[str, int | str]] = {
    "connect_timeout": CONNECT_S,
    "client_encoding": "utf8",
    "fallback_application_name": "paycombat",
    "tcp_user_timeout": 10_000,  # in milliseconds, unlike the other times, which are in seconds
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


class Pool(Protocol):
    """The part of psycopg's `AsyncConnectionPool` that the stores use."""

    def connection(self, timeout: float | None = None) -> AbstractAsyncContextManager[Connection]:
        """Context manager; yields a connection. Raises an error if none is free within `timeout` seconds."""
        ...


class LoopPool:
    """A pool of at most `most` connections for one event loop.

    If the use of a connection raises an error, the connection is closed. psycopg's own pool is not used, because its
    background tasks are left over if the loop is closed early. Besides, after an outage it may wait minutes before it
    connects again, and its errors do not tell why it cannot connect.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], most: int = MOST) -> None:
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(most)
        # Idle connections, each with the time at which it was returned, on the clock of the event loop. The connection
        # that was returned last is at the end.
        self._idle: list[tuple[float, Connection]] = []
        self._is_closed = False

    @contextlib.asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncGenerator[Connection]:  # noqa: ASYNC109  # as psycopg's
        """Context manager; yields a connection.

        Raises psycopg's error if the pool cannot connect, or `TimeoutError` if the pool has no connection for the
        caller after `timeout` seconds.
        """
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(timeout):
                await stack.enter_async_context(self._slots)
                connection = self._take() or await self._connect()
            with _closed_on_error(connection):
                yield connection
            self._give_back(connection)

    def close(self) -> None:
        """Closes the idle connections now, and each connection in use as soon as it is returned."""
        self._is_closed = True
        while self._idle:
            _end(self._idle.pop()[1])

    def _take(self) -> Connection | None:
        while self._idle and self._idle[0][0] < self._loop.time() - IDLE_S:
            _end(self._idle.pop(0)[1])
        while self._idle:
            _, connection = self._idle.pop()
            if is_alive(connection):
                return connection
            _end(connection)
        return None

    def _give_back(self, connection: Connection) -> None:
        if self._is_closed:
            _end(connection)
        else:
            self._idle.append((self._loop.time(), connection))


def with_defaults(dsn: Secret) -> Secret:
    """Returns the connection string with the SDK's time limits. Raises `ConfigurationError` if `dsn` is invalid."""
    try:
        if "\0" in dsn.reveal():
            raise UnicodeError  # noqa: TRY301  # libpq would ignore what follows the NUL
        given = conninfo_to_dict(dsn.reveal())
        return Secret(make_conninfo(dsn.reveal(), **{key: _DEFAULTS[key] for key in _DEFAULTS.keys() - given.keys()}))
    except (psycopg.Error, UnicodeError):
        pass  # Raised here, the error below would have psycopg's error, with the connection string, as `__context__`.
    raise ConfigurationError("this is no connection string of PostgreSQL, as in postgresql://user@host/database")


def connector(dsn: Secret) -> Callable[[], Awaitable[Connection]]:
    """Returns a function that opens a connection. Raises `ConfigurationError` if `dsn` is no valid connection string.

    The connections commit each statement and use no prepared statements, because PgBouncer may run each statement on
    another connection to the server.
    """
    whole = with_defaults(dsn)

    async def connect() -> Connection:
        return await psycopg.AsyncConnection.connect(whole.reveal(), autocommit=True, prepare_threshold=None)

    return connect


# Any is used because the rows may be of any type.
def is_alive(connection: psycopg.AsyncConnection[Any] | psycopg.Connection[Any]) -> bool:
    """Returns whether the connection is open, as far as this machine knows. Sends nothing to the server."""
    try:
        for _ in range(2):  # The first read may return a last message of the server. The second then finds the end.
            connection.pgconn.consume_input()
    except psycopg.Error:
        return False
    return not connection.closed


@contextlib.contextmanager
def cut_after(connection: Connection, seconds: float) -> Generator[None]:
    """Context manager; cuts the connection after `seconds`, unless the `with` block has ended before.

    If the block waits for the server at that time, it gets an error of psycopg. Cancelling the task instead would not
    help: psycopg would ask the silent server to cancel the statement, and wait for it again.
    """
    timer = asyncio.get_running_loop().call_later(seconds, _cut, connection)
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: Connection) -> None:
    with contextlib.suppress(psycopg.Error, OSError):  # An error here means that the connection is already closed.
        borrowed = socket.socket(fileno=connection.pgconn.socket)
        try:
            borrowed.shutdown(socket.SHUT_RDWR)
        finally:
            borrowed.detach()  # leaves the file descriptor open, because libpq itself closes it later


def _end(connection: Connection) -> None:
    """Closes the connection without waiting for the server. Works even after the event loop was closed."""
    connection.pgconn.finish()


@contextlib.contextmanager
def _closed_on_error(connection: Connection) -> Generator[None]:
    try:
        yield
    except BaseException:
        _end(connection)
        raise
