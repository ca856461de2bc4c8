"""Work in a PostgreSQL database: on one pool per event loop, within a bounded time, with errors in our own words."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from paycombat_async._loop_local import LoopLocal
from paycombat_async._secrets import Secret
from paycombat_async.errors import StoreFailed
from paycombat_async.intents.postgres_errors import REPEATABLE, code_of, explain
from paycombat_async.intents.postgres_pool import (
    CONNECT_S,
    Connection,
    LoopPool,
    Pool,
    connector,
    cut_after,
    is_alive,
)

T = TypeVar("T")

STATEMENT_S: Final = 10  # for a single statement, on a server that is alive but does not answer
_TRIES: Final = 50  # failed tries: lost to another transaction, or on a connection from before a restart


class _StaleConnection(Exception):
    """The connection broke while it was idle: nothing was sent over it."""


class Database:
    """A database that is reached by a connection string, or through a pool that somebody else opens and closes.

    `kind` is the user's word for what is kept there, such as "intents store"; it begins the text of every error.
    """

    def __init__(self, source: Secret | Pool, kind: str) -> None:
        """Raises `ConfigurationError` for what is no connection string."""
        self._kind = kind
        self._given = None if isinstance(source, Secret) else source
        connect = connector(source) if isinstance(source, Secret) else None
        self._pools = None if connect is None else LoopLocal(lambda: LoopPool(connect), _close, LoopPool.close)

    async def run(self, work: Callable[[Connection], Awaitable[T]], limit: float = STATEMENT_S) -> T:
        """Returns the result of `work`, committed. Calls `work` again after a lost conflict or a deadlock.

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
        raise self.failure(problem)  # outside of the handler: psycopg's text may quote the connection string

    def failure(self, problem: str) -> StoreFailed:
        """The error for a problem that continues "the intents store in PostgreSQL …"."""
        return StoreFailed(f"the {self._kind} in PostgreSQL {problem}")

    async def aclose(self) -> None:
        """Closes the connections that were made from a connection string; they are made again when needed."""
        if self._pools is not None:
            await self._pools.aclose()

    async def _once(self, work: Callable[[Connection], Awaitable[T]], limit: float) -> T:
        pool = await self._pool()
        async with pool.connection(timeout=CONNECT_S) as connection:
            if not is_alive(connection):
                raise _StaleConnection
            with cut_after(connection, limit):
                result = await work(connection)
                if connection.pgconn.transaction_status != TransactionStatus.IDLE:  # a pool without autocommit
                    await connection.commit()
        return result

    async def _pool(self) -> Pool:
        if self._given is not None:
            return self._given
        assert self._pools is not None  # noqa: S101  # one of the two is set
        return self._pools.current() or await self._pools.open()


async def fetch(
    connection: Connection, statement: bytes, values: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    """The rows that one statement returns. Any: PostgreSQL's values."""
    # A cursor of our own, because the user's pool may have set another cursor or row factory.
    cursor = psycopg.AsyncCursor(connection, row_factory=tuple_row)
    await cursor.execute(statement, values, prepare=False)
    return await cursor.fetchall() if cursor.description else []


async def _close(pool: LoopPool) -> None:
    pool.close()
