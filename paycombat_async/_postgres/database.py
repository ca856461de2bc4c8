"""Runs work in a PostgreSQL database, with one pool per event loop, a time limit, and the SDK's own error messages."""

import contextlib
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Final, NoReturn, TypeVar, cast

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from paycombat_async._loop_local import LoopLocal
from paycombat_async._postgres.errors import REPEATABLE, code_of, explain, translated
from paycombat_async._postgres.pool import (
    CONNECT_S,
    TRIES,
    Connection,
    LoopPool,
    Pool,
    connector,
    cut_after,
    is_alive,
)
from paycombat_async._postgres.threaded import BlockingPool, ThreadedConnection, ThreadedPool
from paycombat_async._secrets import Secret
from paycombat_async.errors import StoreFailed

T = TypeVar("T")

# A connection is cut if the server does not answer a statement within this number of seconds.
STATEMENT_S: Final = 10

# The largest number of transactions at the same time in one event loop. Most servers allow fewer connections than this,
# so in practice the limit of the server applies.
_MOST_TRANSACTIONS: Final = 1000


class _StaleConnection(Exception):
    """Raised for a pooled connection that broke while it was idle, so that nothing was sent over it."""


class Database:
    """A database, reached with a connection string or through a pool that the user opens and closes.

    `kind` says what is stored in the database, such as "intents store". Error messages begin with "the {kind}".
    """

    def __init__(self, source: Secret | Pool | BlockingPool, kind: str) -> None:
        """Connects at the first use, and not here. `source` is a connection string, as a `Secret`, or the user's pool.

        Raises `ConfigurationError` if the connection string is not valid.
        """
        self._kind = kind
        self._given = None if isinstance(source, Secret) else _as_pool(source)
        connect = connector(source) if isinstance(source, Secret) else None
        self._pools = None if connect is None else _pools(lambda: LoopPool(connect))
        # Transactions of callers may last long. They have a separate pool, so that the short work of the SDK does not
        # wait until they return their connections.
        self._transactions = None if connect is None else _pools(lambda: LoopPool(connect, _MOST_TRANSACTIONS))

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"the {self._kind} cannot be pickled or copied; make one in each process")

    async def run(self, work: Callable[[Connection], Awaitable[T]], limit: float = STATEMENT_S) -> T:
        """Runs `work`, commits, and returns the result of `work`.

        After a conflict, a deadlock or a broken idle connection, `work` is repeated. Raises `StoreFailed` after `TRIES`
        attempts, for every other error of the database, and if `work` takes longer than `limit` seconds.
        """
        problem = ""
        for _ in range(TRIES):
            try:
                return await self._once(work, limit)
            except _StaleConnection:
                problem = explain(psycopg.OperationalError())
            except (psycopg.Error, UnicodeError, OSError) as error:  # OSError includes TimeoutError
                problem = explain(error)
                if code_of(error) not in REPEATABLE:
                    break
        # The error is raised here and not in the `except` block, so that it has no `__context__`. Psycopg's error may
        # contain the connection string.
        raise self.failure(problem)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """Context manager; yields a connection inside a transaction, which an exception rolls back.

        Exceptions of the `with` block are raised unchanged. Raises `StoreFailed` for all other errors of the database.
        """
        async with contextlib.AsyncExitStack() as stack:
            with translated(self.failure):
                connection = await self._lend(stack)
                transaction = connection.transaction()
                with cut_after(connection, STATEMENT_S):
                    await transaction.__aenter__()
            try:
                yield connection
            except BaseException:
                with cut_after(connection, STATEMENT_S):
                    await transaction.__aexit__(*sys.exc_info())
                raise
            with translated(self.failure), cut_after(connection, STATEMENT_S):
                await transaction.__aexit__(None, None, None)

    async def _lend(self, stack: contextlib.AsyncExitStack) -> Connection:
        """Returns an open connection from the pool. The connection goes back to the pool when `stack` is closed.

        Raises `OperationalError` of psycopg if `TRIES` connections in a row are broken.
        """
        pool = await self._pool(self._transactions)
        for _ in range(TRIES):
            connection = await stack.enter_async_context(pool.connection(timeout=CONNECT_S))
            if is_alive(connection):
                return connection
            await stack.aclose()  # returns the broken connection to its pool, which then closes it
        raise psycopg.OperationalError

    def failure(self, problem: str) -> StoreFailed:
        """Returns an error with the message "the {kind} in PostgreSQL {problem}"."""
        return StoreFailed(f"the {self._kind} in PostgreSQL {problem}")

    async def aclose(self) -> None:
        """Closes the connections, unless they are in the user's own pool. The next use opens new ones."""
        for pools in (self._pools, self._transactions):
            if pools is not None:
                await pools.aclose()

    async def _once(self, work: Callable[[Connection], Awaitable[T]], limit: float) -> T:
        pool = await self._pool(self._pools)
        async with pool.connection(timeout=CONNECT_S) as connection:
            if not is_alive(connection):
                raise _StaleConnection
            with cut_after(connection, limit):
                result = await work(connection)
                # If a connection of the user's pool is not in autocommit mode, a transaction is still open and must be
                # committed.
                if connection.pgconn.transaction_status != TransactionStatus.IDLE:
                    await connection.commit()
        return result

    async def _pool(self, pools: LoopLocal[LoopPool] | None) -> Pool:
        if self._given is not None:
            return self._given
        assert pools is not None  # noqa: S101  # None only if the user gave a pool
        return pools.current() or await pools.open()


async def fetch(
    connection: Connection | ThreadedConnection, statement: bytes, values: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    """Executes one statement and returns its rows as tuples of Python values, or [] if the statement has no result."""
    if isinstance(connection, ThreadedConnection):
        return await connection.fetch(statement, values)
    # The cursor is made here because connections of the user's pool may have a cursor class or row factory of the user.
    cursor = psycopg.AsyncCursor(connection, row_factory=tuple_row)
    await cursor.execute(statement, values, prepare=False)
    return await cursor.fetchall() if cursor.description else []


def _as_pool(given: Pool | BlockingPool) -> Pool:
    if hasattr(given, "__aenter__"):
        return cast("Pool", given)
    # The cast is needed because AsyncConnection is a class and not a protocol. A ThreadedConnection has all methods of
    # an AsyncConnection that are used here.
    return cast("Pool", ThreadedPool(cast("BlockingPool", given)))


def _pools(make: Callable[[], LoopPool]) -> LoopLocal[LoopPool]:
    return LoopLocal(make, _close, LoopPool.close)


async def _close(pool: LoopPool) -> None:
    pool.close()
