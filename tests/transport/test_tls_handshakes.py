"""Servers whose TLS handshake does not come to its end: nothing was sent, by each way and over each kind of loop."""

import datetime as dt
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import trustme

from tests.raw_server import Serve, answering, http
from tests.transport import peers
from tests.transport.connecting import NEVER, OK, server_tls
from tests.transport.peers import Listen, Talk, handshaking, limited_to, self_signed, tls_of
from tests.transport.senders import Sender

pytestmark = pytest.mark.promise("P3")

LONG_AGO = {"not_before": dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "not_after": dt.datetime(2021, 1, 1, tzinfo=dt.UTC)}
FAR_AWAY = {"not_before": dt.datetime(2100, 1, 1, tzinfo=dt.UTC), "not_after": dt.datetime(2101, 1, 1, tzinfo=dt.UTC)}
STRANGER = "its certificate comes from an authority that this machine does not trust"
FAILED = "the TLS handshake failed"
BROKEN = "the connection was refused or broke off"
LATE = "no connection within the time allowed"

CONTEXTS: dict[str, tuple[Callable[[trustme.CA], ssl.SSLContext], str]] = {
    "wrong name": (
        lambda authority: server_tls(authority.issue_cert("other.test")),
        "its certificate is for another name",
    ),
    "wrong address": (
        lambda authority: server_tls(authority.issue_cert("127.0.0.2")),
        "its certificate is for another name",
    ),
    "expired": (lambda authority: tls_of(authority, **LONG_AGO), "its certificate has expired"),
    "not valid yet": (lambda authority: tls_of(authority, **FAR_AWAY), "its certificate is not valid yet"),
    "unknown authority": (lambda _authority: tls_of(trustme.CA()), STRANGER),
    "unknown authority between": (lambda _authority: tls_of(trustme.CA().create_child_ca()), STRANGER),
    "self-signed": (lambda _authority: self_signed(), "its certificate is self-signed"),
}


@pytest.mark.parametrize(("make_context", "words"), CONTEXTS.values(), ids=CONTEXTS)
def test_a_server_that_cannot_be_trusted_gets_nothing(
    make_context: Callable[[trustme.CA], ssl.SSLContext],
    words: str,
    sender: Sender,
    serve: Serve,
    authority: trustme.CA,
    client_tls: ssl.SSLContext,
) -> None:
    """Each with the words for what has to be done about it."""
    arrived: list[object] = []
    script = answering(http(200, OK))

    async def note_and_answer(*arguments: Any) -> bool:
        arrived.append(arguments[-1])
        return await script(*arguments)

    ended = sender.one(serve(note_and_answer, make_context(authority)), ssl_context=client_tls)

    assert ended.is_not_sent, ended
    assert words in ended.words
    assert [] == arrived


BROKEN_HANDSHAKES: dict[str, tuple[Talk, str]] = {
    "an end": (peers.end, BROKEN),
    "an end within its first words": (peers.end_halfway, BROKEN),
    "a reset": (peers.reset, BROKEN),
    "a refusal": (peers.refuse, FAILED),
    "an answer without TLS": (peers.answer_without_tls, FAILED),
}


@pytest.mark.parametrize(("talk", "words"), BROKEN_HANDSHAKES.values(), ids=BROKEN_HANDSHAKES)
def test_a_handshake_that_breaks_is_not_sent(
    talk: Talk, words: str, sender: Sender, listen: Listen, client_tls: ssl.SSLContext
) -> None:
    """Whoever ends it, and however."""
    ended = sender.one(f"https://{listen(talk)}", ssl_context=client_tls)

    assert ended.is_not_sent, ended
    assert words in ended.words


def test_a_server_of_tls_1_1_is_not_spoken_to(
    sender: Sender, listen: Listen, authority: trustme.CA, client_tls: ssl.SSLContext
) -> None:
    """Its certificate would do."""
    talk = handshaking(limited_to(ssl.TLSVersion.TLSv1_1, tls_of(authority)))

    ended = sender.one(f"https://{listen(talk)}", ssl_context=client_tls)

    assert ended.is_not_sent, ended
    assert FAILED in ended.words


@pytest.mark.promise("P4")
@pytest.mark.parametrize(
    "limits",
    [{"connect_timeout": 0.05, "timeout": NEVER}, {"connect_timeout": NEVER, "timeout": 0.05}],
    ids=["limit of connecting", "limit of the attempt"],
)
@pytest.mark.parametrize("talk", [peers.hang, peers.hang_halfway])
def test_a_handshake_that_hangs_ends_in_time(
    talk: Talk, limits: dict[str, float], sender: Sender, listen: Listen, client_tls: ssl.SSLContext
) -> None:
    """With either limit, and nothing sent."""
    ended = sender.one(f"https://{listen(talk)}", ssl_context=client_tls, **limits)

    assert ended.is_not_sent, ended
    assert LATE in ended.words
