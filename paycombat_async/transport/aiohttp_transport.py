"""The default transport. It uses aiohttp's connections and parser directly, or a session if that is impossible."""

import ssl
from urllib.parse import urlsplit

from paycombat_async._process_bound import ProcessBound
from paycombat_async._protocol.messages import Draft, RawReply
from paycombat_async._secrets import Secret
from paycombat_async.errors import ConfigurationError
from paycombat_async.transport.aiohttp_internals import MISSING, is_request_replaced
from paycombat_async.transport.connections import ConnectionSettings
from paycombat_async.transport.direct_transport import DirectTransport
from paycombat_async.transport.session_transport import OwnSessionTransport


class AiohttpTransport(ProcessBound):
    """Sends drafts (prepared HTTP requests) over pooled connections. Each event loop has its own pool.

    Drafts are sent through an aiohttp session if there is a proxy, or if the installed aiohttp does not have what
    `DirectTransport` needs. They are also sent through a session while a library such as aioresponses or VCR.py has
    replaced aiohttp's request function, because a test that mocks aiohttp must not reach the provider.
    """

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
        """Sets up the transport without opening a connection.

        Without `ssl_context`, the CA certificates of this machine are used, which are read once per process. Raises
        `ConfigurationError` if there is a proxy and the base URL is http, because the proxy would see the credentials.
        Raises it, too, if `ssl_context` is for servers or is not an `ssl.SSLContext`.
        """
        if ssl_context is not None and getattr(ssl_context, "protocol", None) is ssl.PROTOCOL_TLS_SERVER:
            raise ConfigurationError("ssl_context is one for servers; make it with ssl.create_default_context()")
        if not isinstance(ssl_context, ssl.SSLContext | None):  # pyright: ignore[reportUnnecessaryIsInstance]  # True, a path
            raise ConfigurationError("ssl_context must be an ssl.SSLContext, as of ssl.create_default_context()")
        if proxy is not None and urlsplit(base_url).scheme != "https":
            raise ConfigurationError(
                "proxy= needs an https base_url: over http the proxy would see token and signature"
            )
        settings = ConnectionSettings.to(base_url, connect_timeout, max_connections, ssl_context)
        self._by_session = OwnSessionTransport(settings, max_response_bytes, proxy)
        self._direct = DirectTransport(settings, max_response_bytes) if proxy is None and not MISSING else None

    async def send(self, draft: Draft, timeout: float) -> RawReply:  # noqa: ASYNC109  # the limit of one attempt
        """Sends the draft once, without retries, and returns the answer. Raises what the `Transport` protocol says."""
        way = self._by_session if self._direct is None or is_request_replaced() else self._direct
        return await way.send(draft, timeout)

    async def aclose(self) -> None:
        """Closes the connections of all event loops and opens no more. Requests in progress raise `Disconnected`."""
        try:
            if self._direct is not None:
                await self._direct.aclose()
        finally:
            await self._by_session.aclose()
