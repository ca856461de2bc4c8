"""aiohttp's connector, with one time limit for all steps of connecting and with two checks before each request.

- No byte may have arrived on the connection before the request, because it would be read as the answer to the request.
- If the request must not be repeated, such as a payout, at least a tenth of its time must be left for its answer.
"""

import asyncio
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp import ClientRequest, ClientTimeout

from paycombat_async.transport.aiohttp_internals import is_spent
from paycombat_async.transport.deadlines import DeadlineTimer
from paycombat_async.transport.idle_watch import IdleWatch

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

# The number of unusable new connections after which an attempt fails. A new connection is unusable if the peer closes
# it, or writes to it, before the request.
MAX_UNUSABLE: Final = 2
# The event loop gets this number of turns to read the first bytes of a new TLS connection. One turn is enough for the
# bytes that are already in the socket; the other two are a reserve.
_TURNS: Final = 3


class UnusableConnection(Exception):
    """The peer closed or wrote to each new connection before a request was sent. The text says which of the two."""


class GuardedConnector(aiohttp.TCPConnector):
    """Discards connections that received bytes while idle, because these bytes would be read as the next call's answer.

    A request is written right after `connect` has returned its connection. Therefore this class also records that from
    now on bytes of the request may have been sent (`Deadline.connection`). A trace hook of aiohttp could record this,
    too, but would take 12 % of the CPU time of a call.
    """

    deadlines: DeadlineTimer
    connect_timeout: float

    async def connect(
        self,
        req: ClientRequest,
        traces: "list[Trace]",
        timeout: ClientTimeout,  # noqa: ASYNC109  # aiohttp's signature
    ) -> "Connection":
        """Returns a connection on which nothing has arrived while it was idle.

        Also records that from now on bytes of the request may have been sent. Raises `UnusableConnection` if the server
        has closed two new connections, or written to them, before a request was sent. Raises `TimeoutError` for a
        request that must not be repeated, if less than a tenth of its time is left.
        """
        unusable = 0
        while True:
            connection = await super().connect(req, traces, timeout)
            watch = watch_of(connection)
            if watch is not None and watch.is_new and watch.has_unread():
                await let_it_speak(connection, watch)
            if watch is not None and watch.is_quiet:
                break
            unusable += watch is None or watch.is_new
            if unusable == MAX_UNUSABLE:
                raise UnusableConnection(why_unusable(connection))
            connection.close()
        attempt = self.deadlines.current()
        if self.deadlines.time() > attempt.latest_start:
            connection.release()
            raise TimeoutError
        watch.use()
        attempt.connection = watch
        return connection

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: "list[Trace]",
        timeout: ClientTimeout,  # noqa: ASYNC109  # aiohttp's signature
    ) -> "ResponseHandler":
        """Returns a new connection. One attempt has `connect_timeout` seconds for all the connections that it makes.

        aiohttp's own time limits cover neither the resolving of the name nor the answer of a proxy. Besides, aiohttp
        starts its limit again for each address of a host, so twenty addresses that did not answer took twenty times the
        limit.
        """
        attempt = self.deadlines.current()
        if attempt.connect_until is None:
            attempt.connect_until = self.deadlines.time() + self.connect_timeout
        async with asyncio.timeout_at(attempt.connect_until):
            return await super()._create_connection(req, traces, timeout)


async def let_it_speak(connection: "Connection", watch: IdleWatch) -> None:
    """Lets the event loop read the bytes that a server has sent right after a TLS handshake.

    Such bytes are normal, because servers send session tickets after the handshake. Only reading the bytes shows
    whether they are such tickets, or data that nobody has requested.
    """
    watch.rest()
    try:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        connection.close()
        raise


def why_unusable(connection: "Connection") -> str:
    """Closes the connection, and returns as a text whether the peer has closed it or written to it."""
    transport = connection.transport
    is_closed = transport is None or transport.is_closing()
    connection.close()
    if is_closed:
        return "it ends each new connection before a request is sent"
    return "it ends each new connection, or writes to it, before a request is sent; is it an HTTP server?"


def watch_of(connection: "Connection") -> IdleWatch | None:
    """Returns the `IdleWatch` that records unexpected bytes on this connection.

    Returns None if the connection cannot be used again, for example because it broke.
    """
    protocol = connection.protocol
    transport = None if protocol is None else protocol.transport
    if protocol is None or transport is None or is_spent(protocol):
        return None
    return IdleWatch.over(transport)
