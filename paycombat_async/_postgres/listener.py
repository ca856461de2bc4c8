"""Receives the notifications of one channel (LISTEN) over a connection of its own."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Final

import psycopg

from paycombat_async._postgres.database import fetch
from paycombat_async._postgres.errors import explain
from paycombat_async._postgres.pool import connector
from paycombat_async._secrets import Secret

POOLER: Final = "is reached through a connection pooler, which may not pass on notifications"


class ListenFailed(Exception):
    """Notifications cannot be received, or not any more. The message is a problem as `explain` words it."""


async def notifications(dsn: Secret, channel: str, *, is_direct: bool) -> AsyncGenerator[str | None]:
    """Yields None as soon as it listens, then each notification's payload. Raises `ListenFailed` if it cannot go on.

    `is_direct` says that the user promises that no connection pooler is in between; otherwise `ListenFailed` is raised
    if there seems to be one.
    """
    try:
        connection = await connector(dsn)()
        try:
            ((pid,),) = await fetch(connection, b"SELECT pg_backend_pid()")
            # PgBouncer and its like tell each client another number than that of the server process.
            if pid != connection.info.backend_pid and not is_direct:
                raise ListenFailed(POOLER)
            await fetch(connection, f'LISTEN "{channel}"'.encode())
            yield None
            async with contextlib.aclosing(connection.notifies()) as notifies:
                async for notification in notifies:
                    yield notification.payload
        finally:
            connection.pgconn.finish()  # closes the connection without waiting for the server
    except (psycopg.Error, UnicodeError, OSError) as error:
        problem = explain(error)
    else:
        problem = explain(psycopg.OperationalError())
    raise ListenFailed(problem)
