"""A certificate for another name and a proxy that fails: the words say what is wrong, and whose it is to mend."""

import datetime as dt
import socket

import pytest

from paycombat_async import Secret
from tests.raw_server import RawServer, answering, http
from tests.transport.connecting import NAME, OK, at, failure, raising, send, server_tls
from tests.transport.tunnel import refusing, tunnel

pytestmark = pytest.mark.promise("P3")

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("name", ["other.test", "127.0.0.1"])
async def test_a_certificate_for_another_name_is_explained(name, authority, client_tls, resolve_with) -> None:
    """Also one for the address to which the name was resolved, as by a resolver that lies."""
    tls = server_tls(authority.issue_cert(name))
    async with RawServer(answering(http(200, OK)), tls=tls) as server:
        port = server.base_url.rpartition(":")[2]
        resolve_with(at("127.0.0.1"))

        said = await failure(send(f"https://{NAME}:{port}", ssl_context=client_tls))

    assert "its certificate is for another name" in said
    assert [] == server.arrived


def nobody() -> int:
    """A port on which nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return int(closed.getsockname()[1])


@pytest.mark.parametrize(
    ("status", "words"),
    [(407, "wants a user name and a password"), (403, "refused to connect to it (403)"), (502, "(502)")],
)
async def test_a_proxy_that_refuses_is_named(status, words, client_tls) -> None:
    """And what it wants."""
    async with RawServer(refusing(status)) as proxy:
        said = await failure(send(f"https://{NAME}", ssl_context=client_tls, proxy=Secret(proxy.base_url)))

    assert f"the proxy {words}" in said or words in said


async def test_a_proxy_that_is_not_there_is_named(client_tls, resolve_with) -> None:
    """Neither its connection nor its name are the provider's."""
    dead = Secret(f"http://127.0.0.1:{nobody()}")
    said = [await failure(send(f"https://{NAME}", ssl_context=client_tls, proxy=dead))]
    resolve_with(raising(socket.gaierror(socket.EAI_NONAME, "marked")))
    nameless = Secret("http://proxy.test:3128")
    said += [await failure(send(f"https://{NAME}", ssl_context=client_tls, proxy=nameless))]

    assert "the proxy cannot be reached: the connection was refused" in said[0]
    assert "the proxy's name cannot be resolved" in said[1]


async def test_the_certificate_of_a_proxy_is_named(authority, client_tls, resolve_with) -> None:
    """It is not the provider's that has to be mended."""
    expired = authority.issue_cert("proxy.test", not_before=LONG_AGO, not_after=LONG_AGO.replace(year=2021))
    async with RawServer(tunnel, tls=server_tls(expired)) as proxy:
        port = proxy.base_url.rpartition(":")[2]
        resolve_with(at("127.0.0.1"))

        said = await failure(
            send(f"https://{NAME}", ssl_context=client_tls, proxy=Secret(f"https://proxy.test:{port}"))
        )

    assert "the proxy's certificate has expired" in said
