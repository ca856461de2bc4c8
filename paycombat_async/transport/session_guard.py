"""A middleware for an aiohttp session of the user, which checks each connection before a request is sent.

If the SDK makes the session, its connector makes the same checks (`GuardedConnector`).
"""

import asyncio
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, hdrs

from paycombat_async.transport.aiohttp_internals import before_sending
from paycombat_async.transport.deadlines import Deadline, DeadlineTimer
from paycombat_async.transport.failures import ConnectionBroke, TransportClosed
from paycombat_async.transport.guarded_connector import (
    MAX_UNUSABLE,
    UnusableConnection,
    let_it_speak,
    watch_of,
    why_unusable,
)

if TYPE_CHECKING:
    from aiohttp.connector import Connection


class _Unclean(Exception):
    """Before the request was sent, the peer wrote to the connection or closed it. The text says which of the two.

    `is_new` is True if the connection has never been used for a request.
    """

    def __init__(self, why: str, *, is_new: bool) -> None:
        super().__init__(why)
        self.is_new = is_new


class SessionGuard:
    """An aiohttp middleware that sends a request at most once.

    - Before the first byte is sent, it records that bytes of the request may have been sent (`Deadline.connection`).
    - A connection with unread bytes is not used, because these bytes would be read as the answer.
    - The session's cookies are not sent, because a cookie would link calls to each other, even of different accounts.
    """

    def __init__(self, deadlines: DeadlineTimer) -> None:
        self._deadlines = deadlines

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        attempt = self._deadlines.current()
        if _is_sent(attempt):
            raise ConnectionBroke("a middleware of the session tried to send it again")
        request.headers.popall(hdrs.COOKIE, None)
        before_sending(request, lambda connection: self._check(connection, attempt))
        unusable = 0
        while True:
            try:
                return await handler(request)
            except _Unclean as error:
                unusable += error.is_new
                why = str(error)
            except asyncio.CancelledError:
                # When aiohttp closes a connector, it raises CancelledError in the tasks that wait for a connection.
                if attempt.is_cancelled or not request.session.closed:
                    raise
                raise TransportClosed from None
            except aiohttp.ClientConnectorError:
                raise
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if not _is_sent(attempt):
                    raise
                name = type(error).__name__  # aiohttp would resend GET, PUT and DELETE if it saw `error`
                break
            if unusable == MAX_UNUSABLE:
                raise UnusableConnection(why)
        raise ConnectionBroke(name)

    async def _check(self, connection: "Connection", attempt: Deadline) -> None:
        watch = watch_of(connection)
        if watch is not None and watch.is_new and watch.has_unread():
            await let_it_speak(connection, watch)
        if watch is None or not watch.is_quiet:
            raise _Unclean(why_unusable(connection), is_new=watch is None or watch.is_new)
        if self._deadlines.time() > attempt.latest_start:
            raise TimeoutError
        watch.use()
        attempt.connection = watch


def _is_sent(attempt: Deadline) -> bool:
    return attempt.connection is not None
