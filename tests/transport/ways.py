"""The ways in which requests travel: tests of what holds for all of them run over each."""

import ssl
from collections.abc import Callable
from typing import Any, Final

import aiohttp

from paycombat_async import Secret, Transport
from paycombat_async.transport import AiohttpTransport, SessionTransport
from paycombat_async.transport.connections import ConnectionSettings
from paycombat_async.transport.pooled_transport import Pool
from paycombat_async.transport.session_transport import OwnSessionTransport

KEEPALIVE_S: Final = 600.0  # no connection is too old on a machine that stands still for a while


def by_own_session(
    *,
    base_url: str,
    connect_timeout: float = 5.0,
    max_connections: int = 100,
    max_response_bytes: int = 8 * 1024 * 1024,
    proxy: Secret | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> OwnSessionTransport:
    """What `AiohttpTransport` falls back to."""
    settings = ConnectionSettings.to(base_url, connect_timeout, max_connections, ssl_context)
    return OwnSessionTransport(settings, max_response_bytes, proxy)


def by_users_session(
    *,
    base_url: str,
    connect_timeout: float = 5.0,
    max_connections: int = 100,
    max_response_bytes: int = 8 * 1024 * 1024,
    ssl_context: ssl.SSLContext | None = None,
) -> SessionTransport:
    """Sessions with settings that would do harm, if they counted."""

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=max_connections, ssl=ssl_context or True, keepalive_timeout=KEEPALIVE_S
            ),
            timeout=aiohttp.ClientTimeout(total=0.001, sock_connect=connect_timeout),
            raise_for_status=True,
            cookies={"session": "cookie"},
            cookie_jar=aiohttp.CookieJar(unsafe=True),
        )

    assert base_url
    return SessionTransport(session, max_response_bytes=max_response_bytes)


Way = Callable[..., Any]
OWN: Final[dict[str, Way]] = {"direct": AiohttpTransport, "own session": by_own_session}
WAYS: Final[dict[str, Way]] = {**OWN, "user's session": by_users_session}


def pool_of(transport: Transport) -> Pool:
    """What the transport has in the running loop."""
    way = transport._direct if isinstance(transport, AiohttpTransport) else transport
    pool: Pool = way._pools.current()  # type: ignore[union-attr,attr-defined]
    return pool


def connector_of(transport: Transport) -> aiohttp.BaseConnector:
    pool: Any = pool_of(transport)
    connector: aiohttp.BaseConnector = pool.connector if hasattr(pool, "connector") else pool.session.connector
    return connector
