"""Sends drafts (prepared HTTP requests) to the provider over the network."""

from paycombat_async.transport.aiohttp_transport import AiohttpTransport
from paycombat_async.transport.session_transport import SessionTransport

__all__ = ["AiohttpTransport", "SessionTransport"]
