"""The road to the provider: aiohttp, and nothing but aiohttp. No exception, object or habit of it gets past this file.

Each setting below closes a way in which, with this stack, a secret left or a call was made twice: see the comments.
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
from paycombat_async.errors import (
    ConfigurationError,
    ConnectFailed,
    Disconnected,
    InvalidResponse,
    PayCombatError,
    TimedOut,
    TransportError,
)
from paycombat_async.transport.deadlines import Deadline, DeadlineTimer
from paycombat_async.transport.guarded_connector import GuardedConnector, UnusableConnection
from paycombat_async.transport.response_body import BrokenBody, UnacceptableBody, marks_its_end, read_body

KEEPALIVE_S: Final = 4.0  # Node closes idle connections after 5 s; who closes first does not lose a request
_HEADERS: Final = {
    "Accept": "application/json",
    # Not br or zstd: 1.6 kB of br unpacks to a gigabyte, and aiohttp passes on what it cannot unpack.
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
        """Makes no connection. Reads the certificates of the machine once per process, unless given a context."""
        parts = urlsplit(base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}/"
        self._host = parts.netloc
        self._max_response_bytes = max_response_bytes
        self._connect_timeout = connect_timeout
        self._max_connections = max_connections
        self._proxy = proxy  # its address may hold a password
        self._ssl = (ssl_context or tls_context()) if parts.scheme == "https" else True
        self._pools = LoopLocal(self._open, _close, _abandon)

    async def send(self, draft: Draft, timeout: float) -> RawReply:  # noqa: ASYNC109  # it bounds one attempt
        """One exchange. See `Transport`."""
        if not draft.url.startswith(self._origin):
            raise ConfigurationError(f"{draft.endpoint}: its address is not on {self._host}; nothing was sent")
        pool = self._pools.current() or await self._pools.open()
        attempt = pool.deadlines.begin(timeout, is_once_only=draft.is_once_only)
        try:
            # aiohttp's own time-outs do not end a wait behind half an answer that came while the connection was idle.
            with attempt:
                # First come, first served: the connector gives a connection that was just released to whoever asks
                # next, and of 128 tasks on 100 connections some waited for 12 s while others made 250 calls.
                async with pool.slots:
                    return await self._exchange(pool.session, draft, attempt)
        except _FAILURES as error:
            failure = _translate_error(error, self._host, sent=attempt.connection is not None)
        except BaseException as error:  # noqa: BLE001  # a cancellation, mostly, and it goes on as such
            # Itself, without the frames below, which hold headers with the token; its cause says what became of it.
            raise error.with_traceback(None) from _given_up(self._host, sent=attempt.connection is not None)
        # Raised out here, it has no __context__: aiohttp's errors hold the request's headers, and so the token.
        raise failure

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._pools.aclose()

    async def _exchange(self, session: aiohttp.ClientSession, draft: Draft, attempt: Deadline) -> RawReply:
        response = await session.request(
            draft.method,
            _encoded_url(draft.url),
            data=draft.body,
            headers=draft.headers,
            allow_redirects=False,  # a redirect takes X-token and signature along to any host
            proxy=None if self._proxy is None else self._proxy.reveal(),
            middlewares=() if draft.method in _NOT_RESENT_BY_AIOHTTP else _NO_RESEND,
        )
        if attempt.connection is not None:
            response.content.on_eof(attempt.connection.rest)
        try:
            body = await read_body(response, self._max_response_bytes)
        except BaseException:
            response.close()  # half read, the connection must not go back to the pool
            raise
        return RawReply(response.status, response.headers, body, marks_its_end(response.status, response.headers))

    def _open(self) -> "_Pool":
        connector = GuardedConnector(
            limit=self._max_connections, keepalive_timeout=KEEPALIVE_S, ssl=self._ssl, ttl_dns_cache=60
        )
        connector.deadlines = DeadlineTimer()
        session = aiohttp.ClientSession(
            connector=connector,
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),  # cookies would tie calls, and accounts, together
            trust_env=False,  # else HTTP_PROXY sees the token, and .netrc is sent along
            timeout=ClientTimeout(total=None, sock_connect=self._connect_timeout),
            auto_decompress=False,  # `read_body` sees to it that a packed body reaches its end
        )
        return _Pool(session, connector.deadlines, asyncio.Semaphore(self._max_connections))


class _Pool(NamedTuple):
    """What one event loop has of a transport."""

    session: aiohttp.ClientSession
    deadlines: DeadlineTimer
    slots: asyncio.Semaphore


class _ConnectionBroke(Exception):
    """The connection broke."""


async def _refuse_resend(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Keeps aiohttp from sending GET, PUT and DELETE a second time by itself when a connection breaks."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        name = type(error).__name__
    raise _ConnectionBroke(name)


_NO_RESEND: Final = (_refuse_resend,)
_NOT_RESENT_BY_AIOHTTP: Final = frozenset({"PATCH", "POST"})  # what aiohttp leaves alone needs no middleware


# The first that fits. aiohttp puts `.status = 400` on parser failures: only the type counts.
_NOT_SENT: Final[tuple[tuple[type[Exception], str], ...]] = (
    (aiohttp.ClientConnectorDNSError, "its name cannot be resolved"),
    (aiohttp.ClientConnectorCertificateError, "its certificate is not trusted"),
    (aiohttp.ClientSSLError, "the TLS handshake failed"),
    (aiohttp.ClientHttpProxyError, "the proxy refused"),
    (TimeoutError, "no connection within the time allowed"),
    (UnusableConnection, "it ends each new connection, or writes to it, before a request is sent"),
)
_FAILURES: Final = (aiohttp.ClientError, OSError, _ConnectionBroke, UnusableConnection, BrokenBody, UnacceptableBody)


def _translate_error(error: Exception, host: str, *, sent: bool) -> PayCombatError:
    """Our error for one of aiohttp's. Its text stays behind: it may quote the address, or worse."""
    if isinstance(error, UnacceptableBody):
        return InvalidResponse(f"the answer of {host} {error}; whether the call was carried out is unknown")
    if not sent:
        other = "the connection was refused or broke off"
        reason = next((reason for kind, reason in _NOT_SENT if isinstance(error, kind)), other)
        return ConnectFailed(f"could not connect to {host}: {reason}; nothing was sent")
    if isinstance(error, TimeoutError):
        return TimedOut(f"{host} did not answer in time; whether the call was carried out is unknown")
    name = str(error) if isinstance(error, _ConnectionBroke | BrokenBody) else type(error).__name__
    return Disconnected(f"the answer of {host} broke off ({name}); whether the call was carried out is unknown")


def _given_up(host: str, *, sent: bool) -> TransportError:
    """What to say of a call that somebody cut short, by a cancellation for instance."""
    if not sent:
        return ConnectFailed(f"the call was given up before there was a connection to {host}; nothing was sent")
    return Disconnected(f"the call was given up before {host} answered; whether it was carried out is unknown")


@lru_cache(256)
def _encoded_url(address: str) -> URL:
    """The address as it is: given as text, aiohttp would quote it anew, %7E to ~ and %2f to %2F."""
    return URL(address, encoded=True)


@cache
def tls_context() -> ssl.SSLContext:
    """One context per process: making it reads the certificates of the machine, which takes 20 ms.

    Made by hand because `ssl.create_default_context` obeys SSLKEYLOGFILE and would write the session keys to disk.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    return context


async def _close(pool: _Pool) -> None:
    pool.deadlines.stop()
    await pool.session.close()


def _abandon(pool: _Pool) -> None:
    """Frees a pool whose loop is closed. Nothing of it can be awaited; nor has closing anything to wait for."""
    connector = pool.session.connector
    pool.session.detach()
    if connector is not None:
        closing = connector.close().__await__()
        with suppress(StopIteration):
            next(closing)
