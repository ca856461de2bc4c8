"""Resolves host names (finds their IP addresses). Each look-up runs in a daemon thread of its own.

`loop.getaddrinfo` would use the event loop's thread pool. At its end, `asyncio.run` waits for the threads of that pool,
so a DNS server that did not answer kept a program from ending. Besides, the pool does not work after the end of the
main thread.
"""

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
_FAMILIES: Final = frozenset({socket.AF_INET, socket.AF_INET6})


class ThreadResolver(AbstractResolver):
    """Resolves host names with the operating system's resolver, each in a daemon thread.

    A look-up whose task is cancelled continues in its thread, but its result is ignored.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Returns the IP addresses of a host, at least one.

        Raises `OSError` if the host has no address or the look-up fails.
        """
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def look_up() -> None:
            addresses, failure = _addresses(host, port, family)
            with suppress(RuntimeError):  # raised if the loop was closed during the look-up
                loop.call_soon_threadsafe(_settle, found, addresses, failure)

        threading.Thread(target=look_up, name="paycombat-resolver", daemon=True).start()
        return await found

    async def close(self) -> None:
        """Does nothing, because threads cannot be ended from outside."""


def _addresses(host: str, port: int, family: int) -> tuple[list[ResolveResult], OSError]:
    """Returns the IP addresses of a host, and the error to raise if no address was found.

    Some libraries replace `socket.getaddrinfo`, and may return anything. Therefore the result is read inside the `try`
    block, too.
    """
    try:
        infos = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        addresses = [
            ResolveResult(hostname=host, host=address[0], port=port, family=kind, proto=protocol, flags=_NUMERIC)
            for kind, _, protocol, _, address in infos
            if kind in _FAMILIES and isinstance(address[0], str)
        ]
    except BaseException as error:  # noqa: BLE001  # this thread has nobody else to tell, and the caller waits
        return [], _failure(error)
    return addresses, OSError("no address")


def _failure(error: BaseException) -> OSError:
    """Returns an `OSError` in place of the error of a look-up, without the text of the library that raised it.

    A future accepts an `OSError`, but not every exception. The C library reports "no such name" even if it could not
    open a socket for its query to the DNS server. Therefore this function tries to open a socket. If no socket can be
    opened, the returned error has the error number of that failure.
    """
    try:
        socket.socket().close()
    except OSError as lack:
        return OSError(lack.errno, "no socket")
    return OSError(type(error).__name__)


def _settle(found: "asyncio.Future[list[ResolveResult]]", addresses: list[ResolveResult], failure: OSError) -> None:
    if found.done():
        return
    if addresses:
        found.set_result(addresses)
    else:
        found.set_exception(failure)
