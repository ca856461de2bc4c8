"""Lets an event loop use a blocking pool of psycopg: the work of its connections is done in threads."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import psycopg
from psycopg.rows import tuple_row


class BlockingPool(Protocol):
    """The part of psycopg's `ConnectionPool` that the stores use."""

    # Any is used here and below because the connections' rows may be of any type.
    def connection(self, timeout: float | None = None) -> AbstractContextManager[psycopg.Connection[Any]]:
        """Context manager; yields a connection. Raises an error if none is free within `timeout` seconds."""
        ...


class ThreadedConnection:
    """Makes a blocking connection usable in an event loop: each method does its work in a thread.

    It has only those methods of psycopg's `AsyncConnection` that the SDK uses.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self.pgconn = connection.pgconn

    @property
    def closed(self) -> bool:
        """Whether the connection is closed."""
        return self._connection.closed

    async def fetch(self, statement: bytes, values: Mapping[str, object] | None) -> list[tuple[Any, ...]]:
        """Executes one statement and returns its rows."""
        return await asyncio.to_thread(fetch_blocking, self._connection, statement, values)

    async def commit(self) -> None:
        """Commits the transaction."""
        await asyncio.to_thread(self._connection.commit)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None]:
        """Context manager; begins a transaction, commits it at the end, and rolls it back after an exception."""
        transaction = self._connection.transaction()
        await asyncio.to_thread(transaction.__enter__)
        try:
            yield
        except BaseException:
            await asyncio.to_thread(transaction.__exit__, *sys.exc_info())
            raise
        await asyncio.to_thread(transaction.__exit__, None, None, None)


class ThreadedPool:
    """Lends the connections of a blocking pool. The pool belongs to the user, and is never closed here."""

    def __init__(self, pool: BlockingPool) -> None:
        self._pool = pool

    @contextlib.asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncGenerator[ThreadedConnection]:  # noqa: ASYNC109  # as psycopg's
        """Context manager; yields a connection. Raises psycopg's error if none is free within `timeout` seconds."""
        loan = self._pool.connection(timeout)
        entering = asyncio.ensure_future(asyncio.to_thread(loan.__enter__))
        try:
            connection = await asyncio.shield(entering)
        except asyncio.CancelledError:
            # The thread cannot be cancelled, and keeps waiting for a connection for at most `timeout` seconds. If the
            # thread gets a connection, the connection must go back to the pool.
            await asyncio.wait([entering])
            if entering.exception() is None:
                await asyncio.to_thread(loan.__exit__, None, None, None)
            raise
        try:
            yield ThreadedConnection(connection)
        except BaseException:
            await asyncio.to_thread(loan.__exit__, *sys.exc_info())
            raise
        await asyncio.to_thread(loan.__exit__, None, None, None)


# The rows are tuples of Any because PostgreSQL's values have no static types.
def fetch_blocking(
    connection: psycopg.Connection[Any], statement: bytes, values: Mapping[str, object] | None
) -> list[tuple[Any, ...]]:
    """Executes one statement and returns its rows, as tuples of Python values."""
    # The cursor is made here because the connection may have a cursor class or row factory of the user.
    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
    cursor.execute(statement, values, prepare=False)
    return cursor.fetchall() if cursor.description else []
