"""The default transport: uses aiohttp's connections directly or, if that is impossible, an aiohttp session."""

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

    Usually drafts are written to the connections without an aiohttp session, which is faster. A session is used

    - if there is a proxy;
    - if the installed aiohttp does not have the undocumented parts that the faster way needs; and
    - while a library such as aioresponses or VCR.py has replaced aiohttp's request function, because a test that mocks
      aiohttp must not reach the provider.
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

        Without `ssl_context`, the SDK trusts the CA certificates of this machine, which are read once per process.

        Raises `ConfigurationError` if `proxy` is passed with an http base URL, because the proxy would see the
        credentials. Also raises `ConfigurationError` if `ssl_context` is not an `ssl.SSLContext` for clients.
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
        """Sends the draft (a prepared HTTP request) once, and returns the answer within `timeout` seconds.

        Raises `ConnectFailed` if nothing was sent, and `TimedOut` or `Disconnected` if bytes may have been sent. Raises
        `InvalidResponse` if the answer's body is too large, or in an encoding that was not requested.
        """
        way = self._by_session if self._direct is None or is_request_replaced() else self._direct
        return await way.send(draft, timeout)

    async def aclose(self) -> None:
        """Closes the connections of all event loops, and opens no new ones. Requests under way raise `Disconnected`."""
        try:
            if self._direct is not None:
                await self._direct.aclose()
        finally:
            await self._by_session.aclose()
