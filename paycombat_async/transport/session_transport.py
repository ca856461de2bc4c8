"""HTTP through an `aiohttp.ClientSession`, which is either the user's session or a session with the SDK's settings.

Some settings differ from aiohttp's defaults. The comment beside each of them says which problem it prevents, such as a
leaked secret or a repeated call.
"""

import asyncio
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import aiohttp
from aiohttp import ClientHandlerType, ClientMiddlewareType, ClientRequest, ClientResponse, ClientSession, ClientTimeout
from yarl import URL

from paycombat_async._protocol.messages import Draft, RawReply
from paycombat_async._secrets import Secret
from paycombat_async.errors import ConfigurationError
from paycombat_async.telemetry.suppression import without_http_instrumentation
from paycombat_async.transport.aiohttp_internals import (
    MAX_HEAD_LINE,
    MAX_HEAD_LINES,
    MISSING_FOR_SESSIONS,
    loop_of,
    middlewares_of,
)
from paycombat_async.transport.connections import HEADERS, ConnectionSettings, close_without_loop
from paycombat_async.transport.deadlines import Deadline, DeadlineTimer
from paycombat_async.transport.failures import ConnectionBroke
from paycombat_async.transport.guarded_connector import GuardedConnector
from paycombat_async.transport.pooled_transport import Pool, PooledTransport
from paycombat_async.transport.proxy import proxy_headers, proxy_url
from paycombat_async.transport.response_body import body_at_hand, marks_its_end, read_body
from paycombat_async.transport.session_guard import SessionGuard
from paycombat_async.transport.slots import Slots

_MAX_RESPONSE_BYTES: Final = 8 * 1024 * 1024
_NOT_RESENT_BY_AIOHTTP: Final = frozenset({"PATCH", "POST"})


class SessionPool(Pool):
    """The aiohttp session of one event loop.

    `is_ours` means that the transport must close the session. `is_guarded` means that the session's connector is a
    `GuardedConnector`, which checks each connection.
    """

    session: ClientSession
    is_ours: bool
    is_guarded: bool
    timeout: ClientTimeout
    middlewares: tuple[ClientMiddlewareType, ...]

    async def close(self) -> None:
        if self.is_ours:
            await self.session.close()

    def abandon(self) -> None:
        connector = self.session.connector
        if self.is_ours and connector is not None:
            self.session.detach()
            close_without_loop(connector)


class SessionTransport(PooledTransport[SessionPool]):
    """Sends requests through an aiohttp session of your own, with its resolver, proxy, traces and middlewares.

    ```python
    AsyncPayCombat(transport=SessionTransport(session))          # an open session of the event loop that is used
    PayCombat(transport=SessionTransport(lambda: aiohttp.ClientSession(connector=…)))
    ```

    The transport never closes a session that you pass. If you pass a function that returns a session, it is called once
    in each event loop in which the client is used. The transport closes these sessions when their loop ends, or in
    `aclose()`. With any session, no redirect is followed, no cookie is sent, and no request is sent a second time, not
    even by a middleware.

    - The session's limits for connections and for connecting and reading apply.
    - The session's `raise_for_status` and its `total` time-out have no effect.
    - The client's `connect_timeout`, `max_connections`, `max_response_bytes`, `proxy` and `ssl_context` have no effect.
    """

    _proxy: Secret | None = None

    def __init__(
        self, session: ClientSession | Callable[[], ClientSession], /, *, max_response_bytes: int = _MAX_RESPONSE_BYTES
    ) -> None:
        """Sets up the transport without opening a connection.

        `max_response_bytes` limits the size of an answer, before and after decompression. Raises `ConfigurationError`
        if `session` is neither a session nor a function.
        """
        super().__init__()
        if not isinstance(session, ClientSession) and not callable(session):
            raise ConfigurationError("SessionTransport takes an aiohttp.ClientSession, or a function that returns one")
        self._source = session
        self._max_response_bytes = max_response_bytes

    def _check(self, draft: Draft) -> None:
        """Accepts every draft, because the client has built its URL from the client's own base URL."""

    async def _exchange(self, pool: SessionPool, draft: Draft, attempt: Deadline) -> RawReply:
        if pool.session.closed and not pool.is_closed:
            raise ConfigurationError("the aiohttp session that SessionTransport was given is closed")
        with without_http_instrumentation():
            return await self._request(pool, draft, attempt)

    async def _request(self, pool: SessionPool, draft: Draft, attempt: Deadline) -> RawReply:
        response = await pool.session.request(
            draft.method,
            _encoded_url(draft.url),
            data=draft.body,
            headers={**HEADERS, **draft.headers},
            allow_redirects=False,  # aiohttp would send token and signature to the host that a redirect names
            raise_for_status=False,  # otherwise the body of an error, which says the reason, would be lost
            auto_decompress=False,  # `read_body` decompresses, because aiohttp accepts an incomplete gzip stream
            proxy=None if self._proxy is None else proxy_url(self._proxy),
            proxy_headers=None if self._proxy is None else proxy_headers(self._proxy),
            skip_auto_headers=_NO_TYPE if draft.body is None and draft.method in _TYPED_BY_AIOHTTP else None,
            timeout=pool.timeout,
            max_line_size=MAX_HEAD_LINE,
            max_field_size=MAX_HEAD_LINE,
            max_headers=MAX_HEAD_LINES,
            middlewares=() if pool.is_guarded and draft.method in _NOT_RESENT_BY_AIOHTTP else pool.middlewares,
        )
        if attempt.connection is not None:
            response.content.on_eof(attempt.connection.rest)
        try:
            body = body_at_hand(response.headers, response.content, self._max_response_bytes)
            if body is None:
                body = await read_body(response.status, response.headers, response.content, self._max_response_bytes)
        except BaseException:
            response.close()  # a connection with unread bytes must not go back to the pool
            raise
        if not response.closed:
            response.close()  # after status 101 (Switching Protocols), the connection does not use HTTP any more
        return RawReply(response.status, response.headers, body, marks_its_end(response.status, response.headers))

    def _open(self) -> SessionPool:
        session = self._source if isinstance(self._source, ClientSession) else _made_by(self._source)
        if loop_of(session) not in {asyncio.get_running_loop(), None}:
            raise ConfigurationError(
                "the aiohttp session that SessionTransport was given belongs to another event loop: "
                "give a function that makes one instead"
            )
        deadlines = DeadlineTimer()
        connector = session.connector
        is_guarded = isinstance(connector, GuardedConnector)
        if isinstance(connector, GuardedConnector):
            connector.deadlines = deadlines
        elif MISSING_FOR_SESSIONS:
            raise ConfigurationError(f"aiohttp {aiohttp.__version__} does not have what SessionTransport needs of it")
        limits = session.timeout
        return SessionPool(
            deadlines=deadlines,
            slots=Slots((connector and connector.limit) or sys.maxsize),
            session=session,
            is_ours=session is not self._source,
            is_guarded=is_guarded,
            timeout=ClientTimeout(connect=limits.connect, sock_connect=limits.sock_connect, sock_read=limits.sock_read),
            middlewares=_NO_RESEND if is_guarded else (*middlewares_of(session), SessionGuard(deadlines)),
        )


def _made_by(source: Callable[[], object]) -> ClientSession:
    try:
        session = source()
    except Exception as error:  # noqa: BLE001  # nothing was sent, whatever the user's function raises
        name = type(error).__name__
    else:
        if isinstance(session, ClientSession):
            return session
        name = f"no ClientSession, but {type(session).__name__}"
    raise ConfigurationError(f"the function that SessionTransport was given to make a session gave {name}")


class OwnSessionTransport(SessionTransport):
    """Sends drafts (prepared HTTP requests) to one origin through aiohttp sessions that the SDK makes.

    It is used if the SDK cannot use aiohttp's connections directly, for example because there is a proxy.
    """

    def __init__(self, settings: ConnectionSettings, max_response_bytes: int, proxy: Secret | None) -> None:
        super().__init__(settings.session, max_response_bytes=max_response_bytes)
        self._settings = settings
        self._proxy = proxy

    def _check(self, draft: Draft) -> None:
        self._settings.check(draft)


async def _refuse_resend(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """A client middleware of aiohttp that raises `ConnectionBroke` if a connection breaks after it was made.

    Without this middleware, aiohttp would send a GET, PUT or DELETE again.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        name = type(error).__name__
    raise ConnectionBroke(name)


_NO_RESEND: Final = (_refuse_resend,)
# For these methods, aiohttp sends the Content-Type application/octet-stream even without a body. The provider's page of
# a call without a body ("Disable Customer") shows no Content-Type, so the SDK prevents this.
_TYPED_BY_AIOHTTP: Final = frozenset({"PATCH", "POST", "PUT"})
_NO_TYPE: Final = ("Content-Type",)


@lru_cache(256)
def _encoded_url(address: str) -> URL:
    """Returns the address unchanged as a `URL`. aiohttp would re-quote a str, for example %7E to ~ and %2f to %2F."""
    return URL(address, encoded=True)
