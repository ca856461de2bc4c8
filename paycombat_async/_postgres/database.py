"""Runs work in a PostgreSQL database: with one pool per event loop, a time limit, and the SDK's own error messages."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from paycombat_async._loop_local import LoopLocal
from paycombat_async._postgres.errors import REPEATABLE, code_of, explain
from paycombat_async._postgres.pool import (
    CONNECT_S,
    Connection,
    LoopPool,
    Pool,
    connector,
    cut_after,
    is_alive,
)
from paycombat_async._secrets import Secret
from paycombat_async.errors import StoreFailed

T = TypeVar("T")

STATEMENT_S: Final = 10  # seconds for a single statement, when the server is connected but does not answer
_TRIES: Final = 50  # for conflicts with other transactions, and connections that a server restart broke


class _StaleConnection(Exception):
    """Raised for a pooled connection that broke while it was idle, so that nothing was sent over it."""


class Database:
    """A database that is reached by a connection string, or through a pool that the user opens and closes.

    `kind` says what is stored there, such as "intents store"; every error message begins with it.
    """

    def __init__(self, source: Secret | Pool, kind: str) -> None:
        """Raises `ConfigurationError` if `source` is a str, but not a valid connection string."""
        self._kind = kind
        self._given = None if isinstance(source, Secret) else source
        connect = connector(source) if isinstance(source, Secret) else None
        self._pools = None if connect is None else LoopLocal(lambda: LoopPool(connect), _close, LoopPool.close)

    async def run(self, work: Callable[[Connection], Awaitable[T]], limit: float = STATEMENT_S) -> T:
        """Runs `work`, commits, returns its result. Repeats it after a conflict, deadlock or broken idle connection.

        Raises `StoreFailed` for every error of the database, and when the server stays silent for `limit` seconds.
        """
        problem = ""
        for _ in range(_TRIES):
            try:
                return await self._once(work, limit)
            except _StaleConnection:
                problem = explain(psycopg.OperationalError())
            except (psycopg.Error, UnicodeError, OSError) as error:  # TimeoutError is an OSError
                problem = explain(error)
                if code_of(error) not in REPEATABLE:
                    break
        raise self.failure(problem)  # not chained to psycopg's error, which may quote the connection string

    def failure(self, problem: str) -> StoreFailed:
        """Returns an error with the message "the intents store in PostgreSQL " (or other `kind`) and the problem."""
        return StoreFailed(f"the {self._kind} in PostgreSQL {problem}")

    async def aclose(self) -> None:
        """Closes the connections, unless they are in the user's own pool; the next use opens new ones."""
        if self._pools is not None:
            await self._pools.aclose()

    async def _once(self, work: Callable[[Connection], Awaitable[T]], limit: float) -> T:
        pool = await self._pool()
        async with pool.connection(timeout=CONNECT_S) as connection:
            if not is_alive(connection):
                raise _StaleConnection
            with cut_after(connection, limit):
                result = await work(connection)
                if connection.pgconn.transaction_status != TransactionStatus.IDLE:  # the user's pool has no autocommit
                    await connection.commit()
        return result

    async def _pool(self) -> Pool:
        if self._given is not None:
            return self._given
        assert self._pools is not None  # noqa: S101  # None only if the user gave a pool
        return self._pools.current() or await self._pools.open()


async def fetch(
    connection: Connection, statement: bytes, values: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    """Executes one statement and returns its rows, as tuples of Python values."""
    # The cursor is made here because connections of the user's pool may have another cursor class or row factory.
    cursor = psycopg.AsyncCursor(connection, row_factory=tuple_row)
    await cursor.execute(statement, values, prepare=False)
    return await cursor.fetchall() if cursor.description else []


async def _close(pool: LoopPool) -> None:
    pool.close()
