"""Binds the sandbox to a loopback address."""

from contextlib import AsyncExitStack
from ipaddress import ip_address
from typing import Final

from aiohttp import web

from paycombat_async.errors import ConfigurationError

_KEEP_ALIVE_S: Final = 5.0  # seconds until an idle connection is closed; Node.js has the same default
_SHUTDOWN_S: Final = 1.0


async def listen(app: web.Application, host: str, port: int, stack: AsyncExitStack) -> str:
    """Starts the server and returns its base URL. The server runs until `stack` is closed.

    Raises `ConfigurationError` if the port cannot be bound.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        # compressed bodies are not decompressed, because signatures are checked over the bytes that were sent
        auto_decompress=False,
        keepalive_timeout=_KEEP_ALIVE_S,
        shutdown_timeout=_SHUTDOWN_S,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, OverflowError) as error:
        raise ConfigurationError(f"the sandbox cannot listen on port {port}: {error}") from None
    host, port = runner.addresses[0][:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def loopback_address(host: str) -> str:
    """Returns the address on which the sandbox will listen.

    Raises `ConfigurationError` if other machines could connect to this address.
    """
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ConfigurationError("the sandbox binds loopback addresses only; leave host out, or give 127.0.0.1 or ::1")
    return str(address)
