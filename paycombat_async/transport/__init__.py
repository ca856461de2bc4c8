"""Over the network to the provider."""

from paycombat_async.transport.aiohttp_transport import AiohttpTransport

__all__ = ["AiohttpTransport"]
