"""Sends drafts to the provider over the network."""

from paycombat_async.transport.aiohttp_transport import AiohttpTransport

__all__ = ["AiohttpTransport"]
