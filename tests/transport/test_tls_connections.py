"""What happens to TLS connections after the handshake, by each way and over each kind of loop."""

import asyncio
import gzip
import ssl
import threading
from collections.abc import Callable

import pytest
import trustme

from tests.processes import PATIENCE_S
from tests.raw_server import Arrived, Script, Serve, answering, http
from tests.transport.connecting import OK
from tests.transport.peers import (
    Listen,
    Reader,
    Writer,
    answering_late,
    handshaking,
    limited_to,
    reset_now,
    tls_of,
    write_unreadable,
)
from tests.transport.senders import Sender

pytestmark = pytest.mark.promise("P3", "P9")

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
STRAY = http(200, b'{"status":true,"message":"OK","data":{"id":"payout_of_somebody_else"}}')
WHOLE = http(200, OK)
HALF = WHOLE[: -len(OK) // 2]
CHUNKED = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(OK), OK)
PACKED = b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(OK)[:-8]

Ending = Callable[[Writer], None]


def cut(writer: Writer) -> None:
    """Without `close_notify`: nobody can tell whether more was to come (RFC 8446, 6.1)."""
    writer.transport.abort()


ENDINGS: dict[str, Ending] = {
    "close_notify": lambda writer: writer.close(),
    "no close_notify": cut,
    "a reset": reset_now,
    "a damaged record": write_unreadable,
}
PIECES = {
    "nothing": b"",
    "half a head": WHOLE[:20],
    "half a body": HALF,
    "a body without its last chunk": CHUNKED,
    "half of a packed body": PACKED,
}


def writing_then(piece: bytes, ending: Ending) -> Script:
    async def script(_reader: Reader, writer: Writer, _arrived: Arrived) -> bool:
        writer.write(piece)
        await writer.drain()
        ending(writer)
        return True

    return script


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("piece", PIECES)
def test_an_answer_that_breaks_off_leaves_the_outcome_unknown(
    piece: str, ending: str, sender: Sender, serve: Serve, authority: trustme.CA, client_tls: ssl.SSLContext
) -> None:
    """The request has left, so that it may have been carried out."""
    script = writing_then(PIECES[piece], ENDINGS[ending])

    ended = sender.one(serve(script, tls_of(authority)), ssl_context=client_tls)

    assert ended.is_unknown, ended


@pytest.mark.parametrize("ending", ["close_notify", "no close_notify"])
def test_an_answer_that_lasts_until_the_end_is_never_said_to_be_whole(
    ending: str, sender: Sender, serve: Serve, authority: trustme.CA, client_tls: ssl.SSLContext
) -> None:
    """Without `close_notify` even less: whoever is between the two can cut it where they like."""
    script = writing_then(b"HTTP/1.1 200 X\r\n\r\n" + OK, ENDINGS[ending])

    ended = sender.one(serve(script, tls_of(authority)), ssl_context=client_tls)

    assert ended.is_unknown or ended.is_answered, ended
    assert not ended.is_whole


class Peer:
    """Answers each request; after its first answer something happens to that connection, once `go` is set."""

    def __init__(self, incident: Ending) -> None:
        self._incident = incident
        self._go, self._done = threading.Event(), threading.Event()
        self.requests = 0

    async def script(self, _reader: Reader, writer: Writer, _arrived: Arrived) -> bool:
        self.requests += 1
        writer.write(WHOLE)
        await writer.drain()
        if self.requests == 1:
            await asyncio.to_thread(self._go.wait, PATIENCE_S)
            self._incident(writer)
            for _ in range(5):  # turns: an end is in the socket after two
                await asyncio.sleep(0)
            self._done.set()
        return True

    def let_it_happen(self) -> None:
        """Blocks the caller's loop meanwhile, so that nothing is read of it."""
        self._go.set()
        assert self._done.wait(PATIENCE_S)


INCIDENTS: dict[str, Ending] = {
    **ENDINGS,
    "an answer": lambda writer: writer.write(STRAY),
    "half an answer": lambda writer: writer.write(STRAY[:20]),
}


@pytest.mark.parametrize("incident", INCIDENTS)
def test_what_happens_to_an_idle_connection_costs_no_payout(
    incident: str, sender: Sender, serve: Serve, authority: trustme.CA, client_tls: ssl.SSLContext
) -> None:
    """However many turns the loop has had to notice it: the next payout goes over another connection, and is paid.

    asyncio says that a TLS connection is closed only two turns after it has read why.
    """
    for turns in (1, 2, 3, 20):
        peer = Peer(INCIDENTS[incident])

        async def have_turns(peer: Peer = peer, turns: int = turns) -> None:
            peer.let_it_happen()
            for _ in range(turns):
                await asyncio.sleep(0)

        base_url = serve(peer.script, tls_of(authority))

        ended = sender.several(base_url, times=2, between=have_turns, ssl_context=client_tls)

        assert [True, True] == [one.is_answered for one in ended], (turns, ended)
        assert 2 == peer.requests


@pytest.mark.parametrize("version", VERSIONS)
def test_session_tickets_are_no_stray_answer(
    version: str, sender: Sender, serve: Serve, authority: trustme.CA, client_tls: ssl.SSLContext
) -> None:
    """However many a server sends after the handshake: all payouts go over the one connection."""
    connections: set[int] = set()
    tls = limited_to(VERSIONS[version], tls_of(authority))
    tls.num_tickets = 20

    async def answer(_reader: Reader, writer: Writer, _arrived: Arrived) -> bool:
        connections.add(id(writer))
        writer.write(WHOLE)
        return True

    ended = sender.several(serve(answer, tls), times=3, ssl_context=client_tls)

    assert [True] * 3 == [one.is_answered for one in ended], ended
    assert 1 == len(connections)


@pytest.mark.parametrize("version", VERSIONS)
def test_each_connection_has_a_handshake_of_its_own(
    version: str, sender: Sender, serve: Serve, authority: trustme.CA, client_tls: ssl.SSLContext, tmp_path
) -> None:
    """No session is resumed: that would skip the check of a certificate that has changed since."""
    resumed: list[bool] = []
    tls = limited_to(VERSIONS[version], tls_of(authority))

    async def answer_and_close(_reader: Reader, writer: Writer, _arrived: Arrived) -> bool:
        resumed.append(writer.get_extra_info("ssl_object").session_reused)
        writer.write(http(200, OK, "Connection: close"))
        return False

    async def change() -> None:
        if len(resumed) == 2:
            trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)

    ended = sender.several(serve(answer_and_close, tls), times=3, between=change, ssl_context=client_tls)

    assert [True, True, False] == [one.is_answered for one in ended], ended
    assert ended[2].is_not_sent, ended[2]
    assert [False, False] == resumed


CLIENTS: dict[str, Callable[[trustme.CA, ssl.SSLContext], None]] = {
    "none": lambda _authority, _client: None,
    "of another authority": lambda _authority, client: trustme.CA().issue_cert("shop").configure_cert(client),
    "right": lambda authority, client: authority.issue_cert("shop").configure_cert(client),
}


def asking_for_a_certificate(authority: trustme.CA, version: str) -> ssl.SSLContext:
    tls = limited_to(VERSIONS[version], tls_of(authority))
    authority.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    return tls


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_certificate_is_shown(
    version: str, sender: Sender, serve: Serve, authority: trustme.CA, client_tls: ssl.SSLContext
) -> None:
    """With the one in `ssl_context` a server that asks for it answers."""
    CLIENTS["right"](authority, client_tls)
    base_url = serve(answering(WHOLE), asking_for_a_certificate(authority, version))

    ended = sender.one(base_url, ssl_context=client_tls)

    assert ended.is_answered, ended


@pytest.mark.parametrize("shown", ["none", "of another authority"])
def test_a_client_certificate_that_is_refused_in_the_handshake_is_not_sent(
    shown: str, sender: Sender, listen: Listen, authority: trustme.CA, client_tls: ssl.SSLContext
) -> None:
    """In TLS 1.2 the server checks it before there is a connection."""
    CLIENTS[shown](authority, client_tls)
    talk = handshaking(asking_for_a_certificate(authority, "1.2"))

    ended = sender.one(f"https://{listen(talk)}", ssl_context=client_tls)

    assert ended.is_not_sent, ended


@pytest.mark.parametrize("shown", ["none", "of another authority"])
def test_a_client_certificate_that_is_refused_after_the_request_leaves_the_outcome_unknown(
    shown: str, sender: Sender, listen: Listen, authority: trustme.CA, client_tls: ssl.SSLContext
) -> None:
    """In TLS 1.3 the client may write before the server has seen its certificate (RFC 8446, 4.4.2.4)."""
    CLIENTS[shown](authority, client_tls)
    server = listen(handshaking(asking_for_a_certificate(authority, "1.3")))
    between = listen(answering_late(int(server.rpartition(":")[2]), longer_than=10_000))

    ended = sender.one(f"https://{between}", body=bytes(12_000), ssl_context=client_tls)

    assert ended.is_unknown, ended
