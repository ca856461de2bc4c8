"""HTTP over aiohttp's connections and parser, but without aiohttp's session.

A session would take half of the CPU time of a call. Besides, a session may follow a redirect, send a request again,
change the quoting of a URL, or add cookies and passwords from .netrc.
"""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs

from paycombat_async._protocol.messages import Draft, RawReply
from paycombat_async.transport.aiohttp_internals import Destination, expect_response, is_interim, next_head
from paycombat_async.transport.connections import NO_TIMEOUT, ConnectionSettings, close_without_loop
from paycombat_async.transport.deadlines import Deadline, DeadlineTimer
from paycombat_async.transport.guarded_connector import GuardedConnector
from paycombat_async.transport.idle_watch import IdleWatch
from paycombat_async.transport.pooled_transport import Pool, PooledTransport
from paycombat_async.transport.request_bytes import encode_request
from paycombat_async.transport.response_body import body_at_hand, marks_its_end, read_body
from paycombat_async.transport.slots import Slots

if TYPE_CHECKING:
    from aiohttp.connector import Connection

# A server may answer with an error before it has read the whole request. Soon afterwards it closes the connection, and
# the next request on this connection would be lost. Over TLS, the SDK cannot see whether the whole request was sent.
# Therefore, if a request of more than 64 KiB is answered with an error, its connection is not used again.
_LARGE_REQUEST_BYTES: Final = 64 * 1024


class DirectPool(Pool):
    """The connections of one event loop to one server.

    `connector` opens and keeps the connections. `destination` tells it the server's host, port and TLS. `host` is the
    value of the `Host` header.
    """

    connector: GuardedConnector
    destination: Destination
    host: str

    async def close(self) -> None:
        await self.connector.close()

    def abandon(self) -> None:
        close_without_loop(self.connector)


class DirectTransport(PooledTransport[DirectPool]):
    """Sends drafts (prepared HTTP requests) to one origin. Each draft is written in one piece."""

    def __init__(self, settings: ConnectionSettings, max_response_bytes: int) -> None:
        super().__init__()
        self._settings = settings
        self._max_response_bytes = max_response_bytes

    def _check(self, draft: Draft) -> None:
        self._settings.check(draft)

    async def _exchange(self, pool: DirectPool, draft: Draft, attempt: Deadline) -> RawReply:
        target = draft.url[len(self._settings.origin) - 1 :]
        request = encode_request(draft, target, pool.host)
        connection = await pool.connector.connect(pool.destination, [], NO_TIMEOUT)
        protocol, transport, watch = connection.protocol, connection.transport, attempt.connection
        try:
            # For the type checkers: a connection that `connect` returns has a protocol, a transport and a watch.
            assert protocol is not None and transport is not None and watch is not None  # noqa: S101, PT018
            expect_response(protocol, draft.method)
            transport.write(request)
            head, content = await next_head(protocol)
            while is_interim(head):
                head, content = await next_head(protocol)
            status, headers = head.code, head.headers
            # After status 101 (Switching Protocols), the connection does not use HTTP any more.
            is_last = status == 101 or (status >= 400 and len(request) > _LARGE_REQUEST_BYTES)
            content.on_eof(partial(_give_back, connection, transport, watch, is_last=is_last))
            body = body_at_hand(headers, content, self._max_response_bytes)
            if body is None:
                body = await read_body(status, headers, content, self._max_response_bytes)
        except BaseException:
            # A connection with unread bytes must not go back to the pool. If the connection is in the pool already,
            # `close` does nothing.
            connection.close()
            raise
        return RawReply(status, headers, body, marks_its_end(status, headers))

    def _open(self) -> DirectPool:
        connector, deadlines = self._settings.connector(), DeadlineTimer()
        destination = Destination(self._settings.origin)
        connector.deadlines = deadlines
        return DirectPool(
            connector=connector,
            deadlines=deadlines,
            slots=Slots(self._settings.max_connections),
            destination=destination,
            host=destination.headers[hdrs.HOST],
        )


def _give_back(connection: "Connection", transport: asyncio.Transport, watch: IdleWatch, *, is_last: bool) -> None:
    """Returns a connection to the pool after an answer, or closes it.

    It is closed if `is_last` is True, or if a part of the request is not yet written.
    """
    watch.rest()
    if is_last or transport.get_write_buffer_size():
        connection.close()
    else:
        connection.release()
