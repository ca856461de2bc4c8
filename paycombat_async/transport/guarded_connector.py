"""aiohttp's connector, made careful: what it hands out is clean, and not too late for a call that moves money."""

from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp import ClientRequest, ClientTimeout

from paycombat_async.transport.deadlines import DeadlineTimer
from paycombat_async.transport.idle_watch import IdleWatch

if TYPE_CHECKING:
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

_MOST_NEW: Final = 2  # connections made for one attempt, where each new one is unusable from its start


class UnusableConnection(Exception):
    """Each new connection was ended, or had bytes on it, before anything was sent."""


class GuardedConnector(aiohttp.TCPConnector):
    """Hands out no connection on which something came while it was idle: it would be taken for the next call's answer.

    Getting a connection is the last moment before bytes leave, so it also marks the attempt as sent. A trace hook
    would tell the same at 12 % of CPU per call.
    """

    deadlines: DeadlineTimer

    async def connect(
        self,
        req: ClientRequest,
        traces: "list[Trace]",
        timeout: ClientTimeout,  # noqa: ASYNC109  # aiohttp's signature
    ) -> "Connection":
        """A clean connection. Raises `TimeoutError` where it is too late for a request that must not be repeated."""
        unusable = 0
        while True:
            connection = await super().connect(req, traces, timeout)
            watch = _watch_of(connection)
            if watch is not None and watch.is_quiet:
                break
            connection.close()
            unusable += watch is None or watch.is_new
            if unusable == _MOST_NEW:
                raise UnusableConnection
        attempt = self.deadlines.current()
        if self.deadlines.time() > attempt.latest_start:
            connection.release()
            raise TimeoutError
        watch.use()
        attempt.connection = watch
        return connection


def _watch_of(connection: "Connection") -> IdleWatch | None:
    """The watch of this connection; None if it broke just now, or holds something that aiohttp has read already."""
    protocol = connection.protocol
    transport = None if protocol is None else protocol.transport
    if protocol is None or transport is None or protocol.should_close:
        return None
    return IdleWatch.over(transport)
