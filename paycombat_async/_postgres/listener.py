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
    """Raised if listening for notifications cannot begin, or has ended.

    The message describes the reason without secrets. If a connection pooler was detected, the message is the text of
    `POOLER`.
    """


async def notifications(dsn: Secret, channel: str, *, is_direct: bool) -> AsyncGenerator[str | None]:
    """Yields None when the connection has begun to listen, then the payload of each notification.

    Raises `ListenFailed` if the server cannot be reached, or if the connection breaks or ends. `is_direct` is the
    user's promise that there is no connection pooler in front of the server. Without that promise, `ListenFailed` is
    raised if a pooler is detected.
    """
    try:
        connection = await connector(dsn)()
        try:
            ((pid,),) = await fetch(connection, b"SELECT pg_backend_pid()")
            # The server sends the number of its process (`backend_pid`) at the beginning of a connection. A pooler
            # such as PgBouncer sends another number instead.
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
