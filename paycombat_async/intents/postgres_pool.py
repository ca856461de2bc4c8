"""The connections to PostgreSQL of one event loop: opened when needed, and cut when the server stays silent."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from paycombat_async._secrets import Secret
from paycombat_async.errors import ConfigurationError

Connection: TypeAlias = psycopg.AsyncConnection[object]

CONNECT_S: Final = 5  # to get a connection; more than a restart behind a load balancer usually takes
_MOST: Final = 8  # per event loop; a statement takes about a millisecond, and servers allow 100 in all by default
_IDLE_S: Final = 180.0  # AWS and Azure drop idle connections after 240 to 350 seconds without a word

# Set only where the connection string does not; none of them is a parameter that PgBouncer refuses.
_DEFAULTS: Final[Mapping[str, int | str]] = {
    "connect_timeout": CONNECT_S,
    "client_encoding": "utf8",
    "fallback_application_name": "paycombat",
    "tcp_user_timeout": 10_000,  # milliseconds
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


class Pool(Protocol):
    """What is used of a psycopg `AsyncConnectionPool`."""

    def connection(self, timeout: float | None = None) -> AbstractAsyncContextManager[Connection]:
        """A connection for the length of the context. Raises if none is to be had within `timeout` seconds."""
        ...


class LoopPool:
    """At most eight connections, for one event loop. One whose use raised an error is closed, not used again.

    psycopg's own pool keeps tasks running, which a loop that is closed at once would leave behind; after an outage it
    waits up to minutes before it connects again, and its errors do not tell why it cannot.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(_MOST)
        self._idle: list[tuple[float, Connection]] = []  # the last used one at the end, with the time of its return
        self._is_closed = False

    @contextlib.asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncGenerator[Connection]:  # noqa: ASYNC109  # as psycopg's
        """A connection for the length of the context. Raises psycopg's errors or `TimeoutError` if there is none."""
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(timeout):
                await stack.enter_async_context(self._slots)
                connection = self._take() or await self._connect()
            with _closed_on_error(connection):
                yield connection
            self._give_back(connection)

    def close(self) -> None:
        """Closes the idle connections now, those in use when they come back."""
        self._is_closed = True
        while self._idle:
            _end(self._idle.pop()[1])

    def _take(self) -> Connection | None:
        while self._idle and self._idle[0][0] < self._loop.time() - _IDLE_S:
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


def connector(dsn: Secret) -> Callable[[], Awaitable[Connection]]:
    """A function that opens a connection. Raises `ConfigurationError` for what is no connection string.

    Each statement is a transaction of its own, and none is prepared: PgBouncer may run the next one on another
    connection of the server.
    """
    try:
        given = conninfo_to_dict(dsn.reveal())
        whole = Secret(make_conninfo(dsn.reveal(), **{key: _DEFAULTS[key] for key in _DEFAULTS.keys() - given.keys()}))
    except (psycopg.Error, UnicodeError):
        whole = None
    if whole is None:  # raised outside of the handler: psycopg's text quotes the connection string
        raise ConfigurationError("this is no connection string of PostgreSQL, as in postgresql://user@host/database")

    async def connect() -> Connection:
        return await psycopg.AsyncConnection.connect(whole.reveal(), autocommit=True, prepare_threshold=None)

    return connect


def is_alive(connection: Connection) -> bool:
    """Whether the connection is open, as far as this machine knows; costs no round trip."""
    try:
        for _ in range(2):  # the first may read a last message; the second then finds the end
            connection.pgconn.consume_input()
    except psycopg.Error:
        return False
    return not connection.closed


@contextlib.contextmanager
def cut_after(connection: Connection, seconds: float) -> Generator[None]:
    """A context in which the connection is cut after some seconds; whatever waits for the server then gets an error.

    A mere cancellation would not do: psycopg answers it by asking the silent server to cancel the statement.
    """
    timer = asyncio.get_running_loop().call_later(seconds, _cut, connection)
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: Connection) -> None:
    with contextlib.suppress(psycopg.Error, OSError):  # raised if it was closed meanwhile
        borrowed = socket.socket(fileno=connection.pgconn.socket)
        try:
            borrowed.shutdown(socket.SHUT_RDWR)
        finally:
            borrowed.detach()  # the socket stays open: libpq closes it


def _end(connection: Connection) -> None:
    """Closes the connection without waiting, also when its loop is gone. The parameter keeps it alive until then."""
    connection.pgconn.finish()


@contextlib.contextmanager
def _closed_on_error(connection: Connection) -> Generator[None]:
    try:
        yield
    except BaseException:
        _end(connection)
        raise
