"""A certificate that is not accepted and a proxy that fails: the words say what is wrong, and whose it is to mend."""

import datetime as dt
import socket
import ssl
from collections.abc import Callable

import pytest
import trustme

from paycombat_async import Secret
from tests.raw_server import RawServer, answering, http
from tests.transport.connecting import NAME, OK, at, failure, raising, send, server_tls
from tests.transport.tunnel import refusing, tunnel

pytestmark = pytest.mark.promise("P3")

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
FAR_AWAY = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)

CERTIFICATES: dict[str, tuple[Callable[[trustme.CA], trustme.LeafCert], str]] = {
    "wrong name": (lambda authority: authority.issue_cert("other.test"), "its certificate is for another name"),
    "address as a name": (lambda authority: authority.issue_cert("127.0.0.1"), "its certificate is for another name"),
    "expired": (
        lambda authority: authority.issue_cert(NAME, not_before=LONG_AGO, not_after=LONG_AGO.replace(year=2021)),
        "its certificate has expired",
    ),
    "not valid yet": (
        lambda authority: authority.issue_cert(NAME, not_before=FAR_AWAY, not_after=FAR_AWAY.replace(year=2101)),
        "its certificate is not valid yet",
    ),
    "unknown authority": (lambda _authority: trustme.CA().issue_cert(NAME), "authority that this machine does not"),
    "unknown authority between": (
        lambda _authority: trustme.CA().create_child_ca().issue_cert(NAME),
        "authority that this machine does not",
    ),
}


@pytest.mark.parametrize(("issue", "words"), CERTIFICATES.values(), ids=CERTIFICATES)
async def test_a_certificate_that_is_not_accepted_is_explained(
    issue, words, authority, client_tls, resolve_with
) -> None:
    """Each needs something else to be done about it."""
    async with RawServer(answering(http(200, OK)), tls=server_tls(issue(authority))) as server:
        port = server.base_url.rpartition(":")[2]
        resolve_with(at("127.0.0.1"))

        said = await failure(send(f"https://{NAME}:{port}", ssl_context=client_tls))

    assert words in said
    assert [] == server.arrived


async def test_a_certificate_signed_by_itself_is_explained(client_tls, resolve_with, tmp_path) -> None:
    """An authority's own, in this case."""
    other = trustme.CA()
    other.cert_pem.write_to_path(tmp_path / "cert.pem")
    other.private_key_pem.write_to_path(tmp_path / "key.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    async with RawServer(answering(http(200, OK)), tls=context) as server:
        port = server.base_url.rpartition(":")[2]
        resolve_with(at("127.0.0.1"))

        said = await failure(send(f"https://{NAME}:{port}", ssl_context=client_tls))

    assert "its certificate is self-signed" in said


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
