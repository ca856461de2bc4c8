"""aiohttp's connector with one time limit for all of connecting, and with two checks of each connection.

The checks: no byte arrived on the connection before the request, and a call that moves money has enough time left.
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

MAX_UNUSABLE: Final = 2  # an attempt fails after this many new connections that the peer closed or wrote to too early
_TURNS: Final = 3  # turns of the event loop; a single turn reads the bytes in the socket of a new TLS connection


class UnusableConnection(Exception):
    """The peer closed each new connection before anything was sent, or wrote to it. The text says which of the two."""


class GuardedConnector(aiohttp.TCPConnector):
    """Discards connections that received bytes while idle, which would be read as the answer of the next call.

    The request is sent right after its connection is returned, so this class also marks the attempt as sent. A trace
    hook would give the same information, but takes 12 % of the CPU time of a call.
    """

    deadlines: DeadlineTimer
    connect_timeout: float

    async def connect(
        self,
        req: ClientRequest,
        traces: "list[Trace]",
        timeout: ClientTimeout,  # noqa: ASYNC109  # aiohttp's signature
    ) -> "Connection":
        """Returns a connection on which nothing arrived while idle.

        Raises `TimeoutError` if it comes too late for a request that must not be repeated.
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
        """Returns a new connection. All connections that one attempt makes have `connect_timeout` seconds in total.

        aiohttp's own limits cover neither resolving nor a proxy's answer, and they start again with each address of a
        host: twenty addresses that did not answer took twenty times as long.
        """
        attempt = self.deadlines.current()
        if attempt.connect_until is None:
            attempt.connect_until = self.deadlines.time() + self.connect_timeout
        async with asyncio.timeout_at(attempt.connect_until):
            return await super()._create_connection(req, traces, timeout)


async def let_it_speak(connection: "Connection", watch: IdleWatch) -> None:
    """Lets the event loop run until it has read what a peer wrote right after a TLS handshake.

    Unread bytes are normal at that moment, because the server sends session tickets. Only reading them shows whether
    they are tickets or data.
    """
    watch.rest()
    try:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        connection.close()
        raise


def why_unusable(connection: "Connection") -> str:
    """Closes the connection, and returns the reason why it cannot be used: the peer closed it or wrote to it."""
    transport = connection.transport
    is_closed = transport is None or transport.is_closing()
    connection.close()
    if is_closed:
        return "it ends each new connection before a request is sent"
    return "it ends each new connection, or writes to it, before a request is sent; is it an HTTP server?"


def watch_of(connection: "Connection") -> IdleWatch | None:
    """Returns the `IdleWatch` of a connection; None if it is broken, or if aiohttp has already read bytes from it."""
    protocol = connection.protocol
    transport = None if protocol is None else protocol.transport
    if protocol is None or transport is None or is_spent(protocol):
        return None
    return IdleWatch.over(transport)
