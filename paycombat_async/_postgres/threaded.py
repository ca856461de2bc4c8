"""Lets an event loop use a blocking pool of psycopg: the work of its connections is done in threads."""

import asyncio
import contextlib
import contextvars
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg.rows import tuple_row

T = TypeVar("T")


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
        entering = _in_thread(loan.__enter__)
        if await _wait_for(entering):
            # The thread cannot be cancelled, and keeps waiting for a connection for at most `timeout` seconds. If the
            # thread gets a connection, the connection must go back to the pool.
            if entering.exception() is None:
                await _wait_for(_in_thread(loan.__exit__, None, None, None))
            raise asyncio.CancelledError
        connection = ThreadedConnection(entering.result())
        try:
            yield connection
        except BaseException:
            await _give_back(loan, *sys.exc_info())
            raise
        await _give_back(loan, None, None, None)


async def _give_back(loan: AbstractContextManager[object], *error: Any) -> None:
    """Ends the loan. If the caller is cancelled meanwhile, raises `CancelledError` afterwards."""
    leaving = _in_thread(loan.__exit__, *error)
    is_cancelled = await _wait_for(leaving)
    leaving.result()
    if is_cancelled:
        raise asyncio.CancelledError


def _in_thread(function: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
    """Calls the function in a thread. Unlike a task, the future is not cancelled at the end of `asyncio.run`."""
    context = contextvars.copy_context()
    return asyncio.get_running_loop().run_in_executor(None, lambda: context.run(function, *arguments))


async def _wait_for(work: asyncio.Future[Any]) -> bool:
    """Waits for the end of `work`, however often the caller is cancelled. Returns whether the caller was cancelled."""
    is_cancelled = False
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            is_cancelled = True
    return is_cancelled


# The rows are tuples of Any because PostgreSQL's values have no static types.
def fetch_blocking(
    connection: psycopg.Connection[Any], statement: bytes, values: Mapping[str, object] | None
) -> list[tuple[Any, ...]]:
    """Executes one statement and returns its rows, as tuples of Python values."""
    # The cursor is made here because the connection may have a cursor class or row factory of the user.
    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
    cursor.execute(statement, values, prepare=False)
    return cursor.fetchall() if cursor.description else []
