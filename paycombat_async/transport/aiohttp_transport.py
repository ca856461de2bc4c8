"""HTTP requests through aiohttp. Nothing of aiohttp leaves this package: no exception, no object, no default behaviour.

Each setting that differs from aiohttp's default prevents a leak of a secret, a call made twice or a wrong answer; the
comment beside it says how.
"""

import asyncio
import ssl
from contextlib import suppress
from functools import cache, lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientTimeout
from yarl import URL

from paycombat_async._loop_local import LoopLocal
from paycombat_async._protocol.messages import Draft, RawReply
from paycombat_async._secrets import Secret
from paycombat_async._version import __version__
from paycombat_async.errors import ConfigurationError, PayCombatError
from paycombat_async.transport.deadlines import Deadline, DeadlineTimer
from paycombat_async.transport.failures import ConnectionBroke, TransportClosed, given_up, translate_error
from paycombat_async.transport.guarded_connector import GuardedConnector
from paycombat_async.transport.proxy import proxy_headers, proxy_url
from paycombat_async.transport.resolver import ThreadResolver
from paycombat_async.transport.response_body import BrokenBody, UnacceptableBody, marks_its_end, read_body

# What aiohttp's parser accepts by default, 8 190 bytes a line and 128 lines, is less than a proxy may add: a long
# Content-Security-Policy, or a Set-Cookie for each of its nodes. The answer behind such a head was lost.
_MAX_HEAD_LINE: Final = 64 * 1024
_MAX_HEAD_LINES: Final = 1000
KEEPALIVE_S: Final = 4.0  # Node closes idle connections after 5 s; closing them earlier avoids sending on a dead one
_HEADERS: Final = {
    "Accept": "application/json",
    # Brotli and zstd are not accepted: 1.6 kB of brotli can unpack to 1 GB, and aiohttp returns a body that it cannot
    # unpack as if it were the content.
    "Accept-Encoding": "gzip",
    "User-Agent": f"paycombat-python/{__version__}",
}


class AiohttpTransport:
    """Sends drafts over pooled connections, one pool for each event loop that uses it."""

    def __init__(
        self,
        *,
        base_url: str,
        connect_timeout: float = 5.0,
        max_connections: int = 100,
        max_response_bytes: int = 8 * 1024 * 1024,
        proxy: Secret | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Opens no connection. Without `ssl_context`, the machine's CA certificates are used, read once per process.

        Raises `ConfigurationError` for a proxy with an http base URL, because the proxy would see the credentials, and
        for an `ssl_context` that is none for clients.
        """
        if ssl_context is not None and getattr(ssl_context, "protocol", None) is ssl.PROTOCOL_TLS_SERVER:
            raise ConfigurationError("ssl_context is one for servers; make it with ssl.create_default_context()")
        if not isinstance(ssl_context, ssl.SSLContext | None):  # pyright: ignore[reportUnnecessaryIsInstance]  # True, a path
            raise ConfigurationError("ssl_context must be an ssl.SSLContext, as of ssl.create_default_context()")
        parts = urlsplit(base_url)
        if proxy is not None and parts.scheme != "https":
            raise ConfigurationError(
                "proxy= needs an https base_url: over http the proxy would see token and signature"
            )
        self._origin = f"{parts.scheme}://{parts.netloc}/"
        self._host = parts.netloc
        self._max_response_bytes = max_response_bytes
        self._connect_timeout = connect_timeout
        self._max_connections = max_connections
        self._proxy = proxy  # a `Secret`, since its address may contain a password
        self._ssl = (ssl_context or tls_context()) if parts.scheme == "https" else True
        self._is_closed = False
        self._pools = LoopLocal(self._open, _close, _abandon)

    async def send(self, draft: Draft, timeout: float) -> RawReply:  # noqa: ASYNC109  # the limit of one attempt
        """Sends the draft once and returns the answer; raises as the `Transport` protocol says. It never retries."""
        if not draft.url.startswith(self._origin):
            raise ConfigurationError(f"{draft.endpoint}: its address is not on {self._host}; nothing was sent")
        try:
            pool = self._pools.current()
        except RuntimeError:
            raise ConfigurationError("calls need a running asyncio event loop; this code runs in none") from None
        if pool is None:
            if self._is_closed:  # `aclose` may have run in another thread since this call began
                raise translate_error(TransportClosed(), self._host, sent=False)
            pool = await self._pools.open()
        attempt = pool.deadlines.begin(timeout, is_once_only=draft.is_once_only)
        try:
            # aiohttp's time-outs do not fire while its parser waits for the rest of bytes that came on an idle
            # connection, so `attempt` limits the time.
            with attempt:
                # The semaphore serves tasks in the order of asking. aiohttp's connector gives a free connection to a
                # new task before a waiting one: of 128 tasks on 100 connections, some waited 12 s.
                async with pool.slots:
                    return await self._exchange(pool.session, draft, attempt)
        except Exception as error:  # noqa: BLE001  # whatever a resolver, a proxy or the interpreter's end may cause
            # Not one variable more: the local variables of this frame are in the traceback of `failure`.
            failure = _translate(error, pool, attempt, self._host)
        except BaseException as error:  # noqa: BLE001  # mostly a cancellation; it is re-raised
            # The traceback is dropped, since its local variables hold the token. The cause of the re-raised exception
            # says whether bytes of the request may have been sent.
            raise error.with_traceback(None) from given_up(self._host, sent=attempt.connection is not None)
        # Raised outside the except block, `failure` has no __context__, which would be aiohttp's error: that holds the
        # request headers with the token.
        raise failure

    async def aclose(self) -> None:
        """Closes all connections of all loops, and opens no new ones. Requests under way fail with `Disconnected`."""
        self._is_closed = True
        await self._pools.aclose()

    async def _exchange(self, session: aiohttp.ClientSession, draft: Draft, attempt: Deadline) -> RawReply:
        response = await session.request(
            draft.method,
            _encoded_url(draft.url),
            data=draft.body,
            headers=draft.headers,
            allow_redirects=False,  # aiohttp would send X-token and signature to whatever host the redirect names
            proxy=None if self._proxy is None else proxy_url(self._proxy),
            proxy_headers=None if self._proxy is None else proxy_headers(self._proxy),
            skip_auto_headers=_NO_TYPE if draft.body is None and draft.method in _TYPED_BY_AIOHTTP else None,
            middlewares=() if draft.method in _NOT_RESENT_BY_AIOHTTP else _NO_RESEND,
        )
        if attempt.connection is not None:
            response.content.on_eof(attempt.connection.rest)
        try:
            body = await read_body(response, self._max_response_bytes)
        except BaseException:
            response.close()  # a connection with unread bytes must not go back to the pool
            raise
        if not response.closed:
            response.close()  # after status 101 (Switching Protocols) the connection no longer speaks HTTP
        return RawReply(response.status, response.headers, body, marks_its_end(response))

    def _open(self) -> "_Pool":
        connector = GuardedConnector(
            limit=self._max_connections,
            keepalive_timeout=KEEPALIVE_S,
            ssl=self._ssl,
            ttl_dns_cache=60,
            resolver=ThreadResolver(),
        )
        connector.deadlines = DeadlineTimer()
        connector.connect_timeout = self._connect_timeout
        session = aiohttp.ClientSession(
            connector=connector,
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),  # cookies would be sent with later calls, even of other accounts
            trust_env=False,  # if True, the proxy in HTTP_PROXY would see the token, and .netrc passwords would be sent
            timeout=ClientTimeout(total=None),  # `Deadline` and `GuardedConnector` limit the time
            max_line_size=_MAX_HEAD_LINE,
            max_field_size=_MAX_HEAD_LINE,
            max_headers=_MAX_HEAD_LINES,
            auto_decompress=False,  # `read_body` decompresses: aiohttp accepts a gzip stream that was cut short
        )
        return _Pool(session, connector.deadlines, asyncio.Semaphore(self._max_connections))


class _Pool(NamedTuple):
    """The HTTP session, deadline timer and connection slots of one event loop; waiting tasks get slots in order."""

    session: aiohttp.ClientSession
    deadlines: DeadlineTimer
    slots: asyncio.Semaphore


def _translate(error: Exception, pool: _Pool, attempt: Deadline, host: str) -> PayCombatError:
    sent = attempt.connection is not None
    if pool.session.closed and not isinstance(error, BrokenBody | UnacceptableBody):
        error = ConnectionBroke("the client was closed") if sent else TransportClosed()
    return translate_error(error, host, sent=sent)


async def _refuse_resend(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """A client middleware that stops aiohttp from resending GET, PUT and DELETE when a connection breaks."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        name = type(error).__name__
    raise ConnectionBroke(name)


# aiohttp calls a body of these methods application/octet-stream, even where there is none. The provider's page of a
# call without a body ("Disable Customer") shows no Content-Type.
_TYPED_BY_AIOHTTP: Final = frozenset({"PATCH", "POST", "PUT"})
_NO_TYPE: Final = ("Content-Type",)
_NO_RESEND: Final = (_refuse_resend,)
_NOT_RESENT_BY_AIOHTTP: Final = frozenset({"PATCH", "POST"})  # aiohttp never resends these: no middleware needed


@lru_cache(256)
def _encoded_url(address: str) -> URL:
    """The address as a `URL`, unchanged: aiohttp would re-quote a str, for instance %7E to ~ and %2f to %2F."""
    return URL(address, encoded=True)


@cache
def tls_context() -> ssl.SSLContext:
    """The TLS context shared by all clients of this process; creating one reads the certificates, which takes 20 ms.

    `ssl.create_default_context` is not used, because with SSLKEYLOGFILE set it would write the session keys to disk.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    return context


async def _close(pool: _Pool) -> None:
    pool.deadlines.end()
    await pool.session.close()


def _abandon(pool: _Pool) -> None:
    """Closes the connections of a pool whose event loop is closed; `next` runs the close coroutine without a loop."""
    connector = pool.session.connector
    pool.session.detach()
    if connector is not None:
        closing = connector.close().__await__()
        with suppress(StopIteration):
            next(closing)
