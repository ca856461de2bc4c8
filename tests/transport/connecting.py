"""What the tests of connecting share: a payout sent by a transport of its own, its failure in words, and resolvers."""

import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trustme

from paycombat_async import ConnectFailed, Draft, Outcome, PayCombatError, RawReply
from paycombat_async.transport import AiohttpTransport
from tests.processes import PATIENCE_S

NAME = "provider.test"
OK = b'{"status":true,"message":"OK","data":{"customer_id":"customer_1"}}'
NEVER = 10.0 * PATIENCE_S  # longer than a test may take

Look = Callable[..., object]


def server_tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def at(*addresses: str) -> Look:
    """A resolver that knows these addresses for every name."""
    return lambda _host, port, *_rest, **_options: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
    ]


def raising(error: BaseException) -> Look:
    def look_up(*_arguments: object, **_options: object) -> object:
        raise error

    return look_up


async def send(base_url: str, *, timeout: float = PATIENCE_S, **options: Any) -> RawReply:
    """Sends a payout with a transport of its own."""
    transport = AiohttpTransport(base_url=base_url, **options)
    try:
        draft = Draft("payouts.create", "POST", f"{base_url}/x", {"X-token": "snd_t"}, b"{}", is_once_only=True)
        return await transport.send(draft, timeout)
    finally:
        await transport.aclose()


async def failure(sent: Awaitable[RawReply]) -> str:
    """The words of the error, which says that nothing was sent and holds nothing of other libraries."""
    with pytest.raises(PayCombatError) as caught:
        await sent
    error = caught.value
    assert (ConnectFailed, Outcome.NOT_SENT) == (type(error), error.outcome)
    assert (None, None) == (error.__cause__, error.__context__)
    return str(error)
