"""Makes the connections of one event loop, with the SDK's settings."""

from contextlib import suppress
from functools import cache
from ssl import PROTOCOL_TLS_CLIENT, SSLContext, TLSVersion
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from aiohttp import ClientTimeout

from paycombat_async._protocol.messages import Draft
from paycombat_async._version import __version__
from paycombat_async.errors import ConfigurationError
from paycombat_async.transport.guarded_connector import GuardedConnector
from paycombat_async.transport.resolver import ThreadResolver

# Turns off the time-outs of aiohttp. The SDK has time limits of its own, in `Deadline` and `GuardedConnector`.
NO_TIMEOUT: Final = ClientTimeout(total=None)
# In seconds. A Node.js server closes idle connections after 5 s. The SDK closes them earlier, so that it never sends a
# request on a connection that the server is closing.
KEEPALIVE_S: Final = 4.0
HEADERS: Final = {
    "Accept": "application/json",
    # Brotli and zstd are not accepted, because 1.6 kB of brotli can decompress to 1 GB. Besides, if aiohttp cannot
    # decompress a body, it returns the compressed bytes without an error.
    "Accept-Encoding": "gzip",
    "User-Agent": f"paycombat-python/{__version__}",
}


class ConnectionSettings(NamedTuple):
    """The address to connect to, and the limits and TLS settings of its connections.

    `origin` ends with a slash, as in `https://api.paycombat.com/`. `connect_timeout` is in seconds.
    """

    origin: str
    connect_timeout: float
    max_connections: int
    ssl: SSLContext | bool

    @classmethod
    def to(
        cls, base_url: str, connect_timeout: float, max_connections: int, context: SSLContext | None
    ) -> "ConnectionSettings":
        parts = urlsplit(base_url)
        tls = (context or tls_context()) if parts.scheme == "https" else True
        return cls(f"{parts.scheme}://{parts.netloc}/", connect_timeout, max_connections, tls)

    @property
    def host(self) -> str:
        return urlsplit(self.origin).netloc

    def check(self, draft: Draft) -> None:
        """Raises `ConfigurationError` if the URL of the draft (a prepared HTTP request) is not of this origin."""
        if not draft.url.startswith(self.origin):
            raise ConfigurationError(f"{draft.endpoint}: its address is not on {self.host}; nothing was sent")

    def session(self) -> aiohttp.ClientSession:
        """Returns a new aiohttp session for the running event loop.

        The caller must set the attribute `deadlines` of the session's connector before the first request.
        """
        return aiohttp.ClientSession(
            connector=self.connector(),
            cookie_jar=aiohttp.DummyCookieJar(),  # cookies would be sent with later calls, even of other accounts
            trust_env=False,  # if True, the proxy in HTTP_PROXY would see the token, and .netrc passwords would be sent
            timeout=NO_TIMEOUT,
        )

    def connector(self) -> GuardedConnector:
        """Returns a new connector (a pool of connections) for the running event loop.

        The caller must set its attribute `deadlines` before the first request.
        """
        connector = GuardedConnector(
            limit=self.max_connections,
            keepalive_timeout=KEEPALIVE_S,
            ssl=self.ssl,
            ttl_dns_cache=60,
            resolver=ThreadResolver(),
        )
        connector.connect_timeout = self.connect_timeout
        return connector


def close_without_loop(connector: aiohttp.BaseConnector) -> None:
    """Closes an aiohttp connector whose event loop is already closed.

    The loop cannot run the coroutine `connector.close()` any more. Therefore `next` runs it. In a closed loop, the
    coroutine waits for nothing: it only drops the connections, and the garbage collector closes their sockets.
    """
    closing = connector.close().__await__()
    with suppress(StopIteration):
        next(closing)


@cache
def tls_context() -> SSLContext:
    """Returns the TLS context that all clients of this process share, because making a context takes 20 ms.

    `ssl.create_default_context` is not used, because it would write the session keys to the disk if SSLKEYLOGFILE is
    set.
    """
    context = SSLContext(PROTOCOL_TLS_CLIENT)
    context.minimum_version = TLSVersion.TLSv1_2
    context.load_default_certs()
    return context
