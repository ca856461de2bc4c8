"""Requests through a proxy: it passes bytes on that it cannot read, and its password stays out of everything."""

import base64
import ssl

import pytest
import trustme

from paycombat_async import AsyncPayCombat, ConfigurationError, ConnectFailed, Draft, RawReply, Secret
from paycombat_async.transport import AiohttpTransport
from tests.processes import PATIENCE_S
from tests.raw_server import RawServer, answering, http
from tests.transport.tunnel import refusing, tunnel

OK = b'{"status":true,"message":"OK","data":{"customer_id":"customer_1"}}'
CREDENTIALS = {"token": "snd_marked-token", "signature_key": "snd_key"}


@pytest.fixture(name="server_tls")
def _server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


async def send(transport: AiohttpTransport, base_url: str) -> RawReply:
    return await transport.send(Draft("test", "POST", f"{base_url}/x", {"X-token": "marked-token"}, b"{}"), PATIENCE_S)


@pytest.mark.promise("P7", "P9")
async def test_a_proxy_connects_and_sees_nothing(server_tls, client_tls) -> None:
    """Two calls share one connection through it, and it was asked for a connection only."""
    async with RawServer(answering(http(200, OK)), tls=server_tls) as server, RawServer(tunnel) as proxy:
        transport = AiohttpTransport(base_url=server.base_url, ssl_context=client_tls, proxy=Secret(proxy.base_url))

        bodies = [(await send(transport, server.base_url)).body for _ in range(2)]

        await transport.aclose()
    [asked] = proxy.arrived
    assert [OK, OK] == bodies
    assert (1, 2) == (server.connections, len(server.arrived))
    assert ("CONNECT", server.base_url.removeprefix("https://")) == (asked.method, asked.target)
    assert "marked" not in str(asked)
    assert "proxy-authorization" not in asked.headers | server.arrived[0].headers


PASSWORDS = {
    "user:password": b"user:password",
    "user:%E2%82%AC100": "user:€100".encode(),
    "user:€100": "user:€100".encode(),
    "user:a%3Ab%40c%2Fd": b"user:a:b@c/d",
    "user:%FF": b"user:\xff",
    "user:%0D%0AX:%20y": b"user:\r\nX: y",
    "user": b"user:",
    ":password": b":password",
}


@pytest.mark.promise("P7")
@pytest.mark.parametrize(("given", "sent"), PASSWORDS.items(), ids=PASSWORDS)
async def test_the_credentials_of_a_proxy_reach_it(given: str, sent: bytes, server_tls, client_tls) -> None:
    """Any that an address can hold; the provider does not see them."""
    async with RawServer(answering(http(200, OK)), tls=server_tls) as server, RawServer(tunnel) as proxy:
        address = Secret(proxy.base_url.replace("://", f"://{given}@"))
        transport = AiohttpTransport(base_url=server.base_url, ssl_context=client_tls, proxy=address)

        await send(transport, server.base_url)

        await transport.aclose()
    kind, _, credentials = proxy.arrived[0].headers["proxy-authorization"].partition(" ")
    assert ("Basic", sent) == (kind, base64.b64decode(credentials))
    assert "proxy-authorization" not in server.arrived[0].headers


@pytest.mark.promise("P7")
@pytest.mark.parametrize("password", ["marked", "marked-%E2%82%AC", "%FFmarked"])
async def test_a_proxy_that_fails_does_not_show_its_password(password: str, client_tls) -> None:
    """Neither the error nor anything that hangs on it, nor the transport."""
    async with RawServer(refusing(407)) as proxy:
        address = Secret(proxy.base_url.replace("://", f"://marked-user:{password}@"))
        transport = AiohttpTransport(base_url="https://provider.test", ssl_context=client_tls, proxy=address)
        with pytest.raises(ConnectFailed) as caught:
            await send(transport, "https://provider.test")
        await transport.aclose()

    shown = [repr(caught.value), str(caught.value), repr(vars(caught.value)), repr(vars(transport))]
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)
    assert "marked" not in " ".join(shown)
    frames = [frame.frame for frame in caught.traceback if "paycombat_async" in str(frame.path)]
    assert "marked-user" not in repr([{**frame.f_locals} for frame in frames])


REFUSED = [
    "http://pro..xy:3128",
    "http://" + "x" * 64 + ":3128",
    "http://pro\nxy:3128",
    "http://pro xy:3128",
    "http://1.2.3:3128",
    "http://us%3Aer:marked@proxy:3128",
    "http://:3128",
    "proxy:3128",
]


@pytest.mark.promise("P7", "P11")
@pytest.mark.parametrize("proxy", REFUSED)
def test_a_proxy_that_cannot_be_one_is_refused_at_once(proxy: str) -> None:
    """With words that do not quote it."""
    with pytest.raises(ConfigurationError, match="proxy must look like") as caught:
        AsyncPayCombat(**CREDENTIALS, proxy=proxy)

    assert "marked" not in str(caught.value)


@pytest.mark.promise("P7", "P9")
def test_a_proxy_is_refused_where_it_would_see_the_token() -> None:
    """An http address of this machine is fit for a test server, not for a request that goes round the world to it."""
    with pytest.raises(ConfigurationError, match="https"):
        AsyncPayCombat(**CREDENTIALS, base_url="http://127.0.0.1:8790", proxy="http://user:password@proxy:3128")
