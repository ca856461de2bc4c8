"""What really goes over a socket, and what becomes of answers that no server should give."""

import asyncio
import gc
import gzip
import socket
import struct
import traceback
import tracemalloc
import warnings
import zlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from paycombat_async import (
    AsyncPayCombat,
    ConfigurationError,
    ConnectFailed,
    Disconnected,
    Draft,
    InvalidResponse,
    Outcome,
    TimedOut,
    UpdateCustomer,
)
from paycombat_async.sandbox import Sandbox
from paycombat_async.transport.connections import KEEPALIVE_S, tls_context
from paycombat_async.transport.response_body import UnacceptableBody, read_body
from tests.processes import PATIENCE_S
from tests.raw_server import Arrived, RawServer, answering, http

OK = b'{"status":true,"message":"OK","data":{"customer_id":"customer_1"}}'
TOKEN = "snd_marked-token"


def draft(base_url: str, method: str = "PATCH", target: str = "/api/v1/x", body: bytes | None = b"{}") -> Draft:
    body = body if method in {"PATCH", "POST"} else None
    return Draft("test", method, base_url + target, {"X-token": TOKEN, "signature": "marked-signature"}, body)


@pytest.fixture(name="exchange")
async def _exchange(make):
    """Sends one draft and gives the answer; closes the transports it made."""
    made: list[Any] = []

    async def exchange(server: RawServer, method: str = "PATCH", *, timeout: float = 5.0, **options: object):
        if not made:
            made.append(make(base_url=server.base_url, **options))
        return await made[0].send(draft(server.base_url, method), timeout)

    yield exchange
    for transport in made:
        await transport.aclose()


@pytest.mark.promise("P1", "P9")
async def test_sends_target_headers_and_body_exactly_as_drafted(make):
    """Percent-encoding is not normalised, the body is the same bytes, and nothing is added that was not asked for."""
    async with RawServer(answering(http(200, OK))) as server:
        transport = make(base_url=server.base_url)
        target = "/api/%7Ev1/a%2fb%2Fc?email=a%2Bb%40c"

        reply = await transport.send(draft(server.base_url, target=target, body='{"a":"é한"}'.encode()), 5.0)

        await transport.aclose()
    [arrived] = server.arrived
    assert (200, OK) == (reply.status, reply.body)
    assert target == arrived.target
    assert '{"a":"é한"}'.encode() == arrived.body
    assert (TOKEN, "marked-signature") == (arrived.headers["x-token"], arrived.headers["signature"])
    assert "gzip" == arrived.headers["accept-encoding"]
    assert {"host", "x-token", "signature", "accept", "accept-encoding", "user-agent", "content-length"} == set(
        arrived.headers
    ) - {"content-type"}


@pytest.mark.promise("P9")
@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH", "POST", "PUT"])
async def test_a_call_without_a_body_sends_no_type_of_one(method, make):
    """The provider's page of "Disable Customer" shows the token only; aiohttp would say application/octet-stream."""
    async with RawServer(answering(http(200, OK))) as server:
        transport = make(base_url=server.base_url)

        await transport.send(Draft("test", method, f"{server.base_url}/x", {"X-token": TOKEN}, None), 5.0)

        await transport.aclose()
    [arrived] = server.arrived
    assert {"host", "x-token", "accept", "accept-encoding", "user-agent"} == set(arrived.headers) - {"content-length"}
    assert "0" == arrived.headers.get("content-length", "0")


@pytest.mark.promise("P9")
@pytest.mark.parametrize("method", ["GET", "PATCH", "POST", "DELETE"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(exchange, method, status):
    """A redirect would carry token and signature to another host: the other host hears nothing."""
    async with (
        RawServer(answering(http(200, OK))) as thief,
        RawServer(answering(http(status, b"", f"Location: {thief.base_url}/steal"))) as server,
    ):
        reply = await exchange(server, method)

    assert status == reply.status
    assert [] == thief.arrived


@pytest.mark.promise("P3", "P9")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_a_broken_connection_is_not_sent_again_behind_our_back(exchange, method):
    """aiohttp repeats GET, PUT and DELETE by itself: the server must see one request."""

    async def hang_up(_reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        writer.transport.abort()
        return False

    async with RawServer(hang_up) as server:
        with pytest.raises(Disconnected) as caught:
            await exchange(server, method)

    assert 1 == len(server.arrived)
    assert Outcome.UNKNOWN == caught.value.outcome


@pytest.mark.promise("P9")
@pytest.mark.parametrize(
    "stray",
    [http(200, b'{"stray":1}'), b"HTTP/1.1 200 OK\r\nContent-Le", http(408, b""), b"garbage\r\n\r\n"],
    ids=["whole answer", "part of an answer", "408", "garbage"],
)
async def test_bytes_on_an_idle_connection_are_not_the_next_answer(exchange, stray):
    """The connection is dropped and the next call gets its own answer on a new one."""

    writers: list[asyncio.StreamWriter] = []

    async def script(_reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        writers.append(writer)
        writer.write(http(200, OK))
        return True

    async with RawServer(script) as server:
        await exchange(server)
        writers[0].write(stray)
        for _ in range(50):
            await asyncio.sleep(0.001)

        reply = await exchange(server)

    assert OK == reply.body
    assert (2, 2) == (server.connections, len(server.arrived))


@pytest.mark.promise("P9")
async def test_an_answer_too_many_behind_the_end_of_one_is_not_the_next(exchange):
    """It comes in one piece with the end of what was asked for, so that the connection is never seen idle."""

    async def script(_reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        whole = http(200, OK)
        writer.write(whole[:-1])
        for _ in range(50):
            await asyncio.sleep(0.001)
        writer.write(whole[-1:] + http(200, b'{"stray":1}'))
        return True

    async with RawServer(script) as server:
        answers = [await exchange(server), await exchange(server)]

    assert [OK, OK] == [answer.body for answer in answers]
    assert (2, 2) == (server.connections, len(server.arrived))


@pytest.mark.promise("P9")
async def test_cookies_are_not_kept(exchange):
    """What one answer sets, the next request does not send."""
    async with RawServer(answering(http(200, OK, "Set-Cookie: a=b; Path=/"))) as server:
        await exchange(server)
        await exchange(server)

    assert ["cookie" in arrived.headers for arrived in server.arrived] == [False, False]


@pytest.mark.promise("P9")
async def test_proxies_of_the_environment_are_ignored(exchange, monkeypatch):
    """HTTP_PROXY would see the token; only an explicit proxy= counts."""
    async with RawServer(answering(http(200, OK))) as proxy, RawServer(answering(http(200, OK))) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        monkeypatch.setenv("http_proxy", proxy.base_url)

        await exchange(server)

    assert (0, 1) == (len(proxy.arrived), len(server.arrived))


async def test_connections_are_reused(exchange):
    """Calls one after the other share a connection."""
    async with RawServer(answering(http(200, OK))) as server:
        for _ in range(5):
            await exchange(server)

    assert 1 == server.connections


def _bomb() -> bytes:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(squeezer.compress(bytes(1 << 20)) for _ in range(64)) + squeezer.flush()


async def test_a_bomb_is_not_unpacked_beyond_the_limit():
    """64 kB of gzip may be 64 MB, which a hundred connections at once would all hold."""
    content = asyncio.StreamReader()
    content.feed_data(_bomb())
    content.feed_eof()

    class Content:
        async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
            while chunk := await content.read(size):
                yield chunk

    tracemalloc.start()
    try:
        with pytest.raises(UnacceptableBody):
            await read_body(200, {"Content-Encoding": "gzip"}, Content(), 100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 2_000_000


BAD_ANSWERS = [
    pytest.param(http(200, b"x" * 2_000_000), InvalidResponse, id="longer than allowed"),
    pytest.param(
        b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 40,
        InvalidResponse,
        id="longer than allowed, in chunks",
    ),
    pytest.param(http(200, _bomb(), "Content-Encoding: gzip"), InvalidResponse, id="gzip bomb"),
    pytest.param(http(200, zlib.compress(OK), "Content-Encoding: deflate"), InvalidResponse, id="deflate"),
    pytest.param(http(200, b"\x0b\x02\x80{}\x03", "Content-Encoding: br"), InvalidResponse, id="br"),
    pytest.param(
        http(200, gzip.compress(gzip.compress(OK)), "Content-Encoding: gzip, gzip"), InvalidResponse, id="gzip twice"
    ),
    pytest.param(http(200, gzip.compress(OK)[:-1]), Disconnected, id="gzip cut short, and no word of it"),
    pytest.param(http(200, _bomb()), InvalidResponse, id="gzip bomb, and no word of it"),
    pytest.param(http(200, gzip.compress(OK)[:10], "Content-Encoding: gzip"), Disconnected, id="gzip cut short"),
    pytest.param(http(200, gzip.compress(OK) + b"x", "Content-Encoding: gzip"), Disconnected, id="more than gzip"),
    pytest.param(http(200, b"", "Content-Encoding: gzip"), Disconnected, id="gzip of nothing at all"),
    pytest.param(
        b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"a\r\n" + gzip.compress(OK)[:10] + b"\r\n0\r\n\r\n",
        Disconnected,
        id="gzip cut short, in chunks",
    ),
    pytest.param(
        b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(OK)[:-1],
        Disconnected,
        id="gzip cut short, until the end of the connection",
    ),
    pytest.param(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n", Disconnected, id="no last chunk"),
    pytest.param(http(200, b"no gzip", "Content-Encoding: gzip"), Disconnected, id="not gzip at all"),
    pytest.param(http(502, b"<html>", "Content-Encoding: gzip"), Disconnected, id="a page that is called gzip"),
    pytest.param(
        http(200, b"[" + b" " * 1_000_000 + b"]", "Content-Encoding: gzip"), InvalidResponse, id="JSON beyond the limit"
    ),
    pytest.param(
        b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        + (b"10000\r\n" + b"[" * 65536 + b"\r\n") * 40,
        InvalidResponse,
        id="JSON beyond the limit, in chunks",
    ),
    pytest.param(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nshort", Disconnected, id="truncated"),
    pytest.param(b"NOT HTTP\r\n\r\n", Disconnected, id="not http"),
    pytest.param(b"HTTP/1.1 400 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", Disconnected, id="two lengths"),
    pytest.param(b"HTTP/1.1 200 X\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", Disconnected, id="huge header"),
    pytest.param(b"HTTP/1.1 200 X\r\n" + b"X: y\r\n" * 1_100 + b"\r\n", Disconnected, id="too many headers"),
    pytest.param(b"HTTP/1.1 4", Disconnected, id="half a head"),
]


@pytest.mark.promise("P3", "P9")
@pytest.mark.parametrize(("answer", "expected"), BAD_ANSWERS)
async def test_an_answer_that_is_none_leaves_the_outcome_unknown(exchange, answer, expected):
    """Bytes left, so whatever comes back, the call may have been carried out; aiohttp's "400" is not the provider's."""

    async def script(_reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        writer.write(answer)
        await writer.drain()
        return False

    async with RawServer(script) as server:
        with pytest.raises(expected) as caught:
            await exchange(server, max_response_bytes=1_000_000)

    assert Outcome.UNKNOWN == caught.value.outcome


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        pytest.param(gzip.compress(OK), "gzip", id="gzip"),
        pytest.param(gzip.compress(OK), "X-GZip", id="its old name"),
        pytest.param(gzip.compress(OK[:20]) + gzip.compress(OK[20:]), "gzip", id="gzip in two parts"),
        pytest.param(OK, "UTF-8", id="a wrong name over plain JSON"),
        pytest.param(gzip.compress(OK), "gzip, identity", id="gzip and the name of nothing"),
        pytest.param(gzip.compress(OK), "gzip, gzip", id="gzip that is named twice"),
        pytest.param(gzip.compress(OK), "identity\r\nContent-Encoding: gzip", id="gzip in the second of two lines"),
        pytest.param(gzip.compress(OK), "UTF-8", id="gzip with a wrong name"),
        pytest.param(gzip.compress(OK), "br\r\nX: y", id="gzip with the name of another"),
        pytest.param(OK, "br", id="an encoding that is not there"),
        pytest.param(OK, "zstd", id="another that is not there"),
        pytest.param(OK, "deflate", id="a third that is not there"),
        pytest.param(OK, "gzip", id="plain JSON that is called gzip"),
        pytest.param(OK, "x-gzip", id="plain JSON that is called by gzip's old name"),
        pytest.param(OK, "gzip, gzip", id="plain JSON that is called gzip twice"),
        pytest.param(b"\xef\xbb\xbf" + OK, "gzip", id="plain JSON with a byte order mark that is called gzip"),
        pytest.param(b"\r\n " + OK, "gzip", id="plain JSON with white space before it that is called gzip"),
        pytest.param(OK, "", id="no name"),
        pytest.param(b"\xef\xbb\xbf" + OK, "UTF-8", id="a wrong name over JSON with a byte order mark"),
    ],
)
async def test_a_body_is_unpacked_to_its_end(exchange, packed, encoding):
    """The one encoding that is asked for is unpacked, and what is readable JSON all the same is taken as it is."""
    async with RawServer(answering(http(200, packed, f"Content-Encoding: {encoding}"))) as server:
        reply = await exchange(server)

    assert (OK, True) == (reply.body.removeprefix(b"\xef\xbb\xbf").lstrip(), reply.is_whole)


@pytest.mark.parametrize(
    "head",
    ["Content-Length: {size}", "Transfer-Encoding: chunked", "Connection: close"],
    ids=["sized", "chunked", "end"],
)
async def test_gzip_without_its_header_is_read(exchange, head):
    """Proxies lose the header. No JSON text begins like gzip."""
    packed = gzip.compress(OK)
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed) if "chunked" in head else packed
    answer = f"HTTP/1.1 200 X\r\n{head.format(size=len(packed))}\r\n\r\n".encode() + body

    async def script(_reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        writer.write(answer)
        return False

    async with RawServer(script) as server:
        reply = await exchange(server)

    assert OK == reply.body


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "utf-16"])
@pytest.mark.parametrize("pieces", [1, len(OK)], ids=["in one chunk", "byte by byte"])
async def test_plain_json_in_chunks_is_read_whatever_its_encoding_is_called(exchange, encoding, pieces):
    """Neither the framing nor the size of what arrives at once decides what the body is."""
    size = len(OK) // pieces
    chunks = [b"%x\r\n%s\r\n" % (size, OK[at : at + size]) for at in range(0, len(OK), size)]
    head = f"HTTP/1.1 200 X\r\nContent-Encoding: {encoding}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()

    async with RawServer(answering(head + b"".join(chunks) + b"0\r\n\r\n")) as server:
        reply = await exchange(server)

    assert (OK, True) == (reply.body, reply.is_whole)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(http(200, OK, "X: " + "y" * 9_000), id="a header of 9 kB"),
        pytest.param(http(200, OK, "X: " + "y" * 64_000), id="a header of 64 kB"),
        pytest.param(http(200, OK, "x" * 9_000 + ": y"), id="a name of 9 kB"),
        pytest.param(http(200, OK, *(f"Set-Cookie: a{number}=b" for number in range(200))), id="200 headers"),
        pytest.param(http(200, OK, *(f"X-{number}: y" for number in range(990))), id="990 headers"),
        pytest.param(http(200, OK, reason="y" * 9_000), id="a reason of 9 kB"),
    ],
)
async def test_a_long_head_does_not_cost_the_answer(exchange, answer):
    """Proxies add long policies and many cookies; the answer behind them is the provider's all the same."""
    async with RawServer(answering(answer)) as server:
        reply = await exchange(server)

    assert (200, OK) == (reply.status, reply.body)


@pytest.mark.parametrize(
    ("head", "body", "is_whole"),
    [
        pytest.param("HTTP/1.1 200 X", OK, False, id="until the end of the connection"),
        pytest.param("HTTP/1.1 200 X", b"", False, id="nothing until the end of the connection"),
        pytest.param("HTTP/1.0 200 X", OK, False, id="HTTP/1.0"),
        pytest.param("HTTP/1.1 200 X\r\nTransfer-Encoding: gzip", OK, False, id="in a transfer coding without an end"),
        pytest.param(
            "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            b"",
            False,
            id="two lines of transfer codings, the last without an end",
        ),
        pytest.param("HTTP/1.1 204 X", b"", True, id="204"),
        pytest.param("HTTP/1.1 200 X\r\nContent-Length: 0", b"", True, id="a length of 0"),
        pytest.param("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked", b"0\r\n\r\n", True, id="a last chunk"),
    ],
)
async def test_an_answer_says_whether_it_marked_its_end(exchange, head, body, is_whole):
    """Of a body that lasts until the connection ends nobody knows whether more was to come."""

    async def script(_reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        writer.write(f"{head}\r\n\r\n".encode() + body)
        await writer.drain()
        return False

    async with RawServer(script) as server:
        reply = await exchange(server)

    assert is_whole is reply.is_whole


async def test_a_reset_before_the_body_is_no_marked_end(exchange):
    """A 200 without a length, and then a reset in the place of its body."""

    async def script(_reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        writer.write(b"HTTP/1.1 200 X\r\n\r\n")
        await writer.drain()
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False

    async with RawServer(script) as server:
        try:
            is_whole = (await exchange(server)).is_whole
        except Disconnected:  # the reset came first and took the head with it
            is_whole = False

    assert not is_whole


@pytest.mark.promise("P3")
async def test_a_refused_connection_is_provably_not_sent(make):
    """Nobody listens: the error says that nothing left."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    transport = make(base_url=base_url)

    with pytest.raises(ConnectFailed) as caught:
        await transport.send(draft(base_url), 5.0)

    await transport.aclose()
    assert Outcome.NOT_SENT == caught.value.outcome


@pytest.mark.promise("P3")
async def test_tls_with_a_stranger_is_provably_not_sent(make):
    """A peer that speaks no TLS: nothing of the request left."""
    async with RawServer(answering(http(200, OK))) as server:
        base_url = server.base_url.replace("http://", "https://")
        transport = make(base_url=base_url, connect_timeout=0.2)

        with pytest.raises(ConnectFailed) as caught:
            await transport.send(draft(base_url), 5.0)

        await transport.aclose()
    assert (Outcome.NOT_SENT, []) == (caught.value.outcome, server.arrived)


@pytest.mark.promise("P3")
async def test_a_wait_for_a_free_connection_is_provably_not_sent(exchange):
    """A full pool until the deadline: ConnectFailed, and the server saw one request only."""
    begun, release = asyncio.Event(), asyncio.Event()

    async def script(_reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        begun.set()
        await release.wait()
        writer.write(http(200, OK))
        return True

    async with RawServer(script) as server:
        first = asyncio.create_task(exchange(server, max_connections=1))
        await begun.wait()

        with pytest.raises(ConnectFailed) as caught:
            await exchange(server, timeout=0.05)

        release.set()
        await first
    assert (Outcome.NOT_SENT, 1) == (caught.value.outcome, len(server.arrived))


async def test_connections_are_given_out_in_the_order_of_asking(exchange):
    """12 callers on 4 connections, each calling on and on: each gets at least half of what any other gets."""
    calls = [0] * 12

    async def call_on_and_on(server: RawServer, number: int) -> None:
        while max(calls) < 40:
            await exchange(server, max_connections=4, timeout=60.0)
            calls[number] += 1

    async with RawServer(answering(http(200, OK))) as server:
        await asyncio.gather(*(call_on_and_on(server, number) for number in range(len(calls))))

    assert min(calls) >= 20
    assert server.connections <= 4


@pytest.mark.promise("P3")
@pytest.mark.parametrize(("is_once_only", "arrivals"), [(True, 0), (False, 1)])
async def test_a_money_call_that_waited_its_time_away_is_not_sent(is_once_only, arrivals, monkeypatch, make):
    """What is left of its time would not be enough for an answer. A call that may be repeated is tried all the same."""
    monkeypatch.setattr("paycombat_async.transport.deadlines.LAST_SHARE", 1.0)  # so that any wait is too long
    async with RawServer(answering(http(200, OK))) as server:
        transport = make(base_url=server.base_url)
        sent = msgspec.structs.replace(draft(server.base_url), is_once_only=is_once_only)

        try:
            outcome = (await transport.send(sent, 60.0)).status
        except ConnectFailed as error:
            outcome = error.outcome

        await transport.aclose()
    assert (Outcome.NOT_SENT if is_once_only else 200, arrivals) == (outcome, len(server.arrived))


@pytest.mark.promise("P4")
async def test_silence_ends_with_the_time_allowed(exchange):
    """A server that never answers: TimedOut, unknown."""

    async def script(_reader: asyncio.StreamReader, _writer: object, _arrived: Arrived) -> bool:
        await _reader.read()
        return False

    async with RawServer(script) as server:
        with pytest.raises(TimedOut) as caught:
            await exchange(server, timeout=0.05)

    assert Outcome.UNKNOWN == caught.value.outcome


BEGUN = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 X\r\nContent-",
    "half a body": b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nhalf",
    "a chunk": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "a body of no length": b"HTTP/1.1 200 X\r\n\r\nhalf",
}


@pytest.mark.promise("P4", "P15")
@pytest.mark.parametrize("begun", BEGUN.values(), ids=BEGUN)
async def test_closing_ends_a_call_at_once(begun, make):
    """In the middle of its answer, too: aiohttp forgets a body that is still arriving when it closes the connection."""
    arrived = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        writer.write(begun)
        arrived.set()
        await reader.read()
        return False

    async with RawServer(script) as server, asyncio.timeout(PATIENCE_S):
        transport = make(base_url=server.base_url)
        call = asyncio.create_task(transport.send(draft(server.base_url), 10.0 * PATIENCE_S))
        await arrived.wait()
        for _ in range(10):
            await asyncio.sleep(0)

        await transport.aclose()
        with pytest.raises(Disconnected) as caught:
            await call

    assert Outcome.UNKNOWN is caught.value.outcome
    assert "the client was closed" in str(caught.value)


@pytest.mark.promise("P9")
async def test_a_draft_for_another_origin_is_refused(make_own):
    """The last guard: whatever built the URL, it must lie on the base URL's origin."""
    async with RawServer(answering(http(200, OK))) as server, RawServer(answering(http(200, OK))) as other:
        transport = make_own(base_url=server.base_url)

        # The last three begin with the base URL, and lead to another port or host.
        for address in (other.base_url, *(server.base_url + more for more in ("1", ".example", "@host"))):
            with pytest.raises(ConfigurationError):
                await transport.send(draft(address), 5.0)

        await transport.aclose()
    assert [] == other.arrived


@pytest.mark.promise("P7")
async def test_errors_hold_nothing_of_aiohttp(exchange):
    """No cause, no context, no secret in the printed traceback with local variables."""

    async def hang_up(_reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        writer.transport.abort()
        return False

    async with RawServer(hang_up) as server:
        with pytest.raises(Disconnected) as caught:
            await exchange(server)

    error = caught.value
    inside = [summary for summary in _frames(error) if "paycombat_async" in summary.filename]
    assert (None, None) == (error.__cause__, error.__context__)
    assert inside
    assert TOKEN not in repr([summary.locals for summary in inside])


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return list(traceback.TracebackException.from_exception(error, capture_locals=True).stack)


@pytest.mark.promise("P7")
def test_the_tls_context_is_shared_and_writes_no_session_keys(monkeypatch, tmp_path):
    """One context per process; SSLKEYLOGFILE is not obeyed."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    tls_context.cache_clear()

    context = tls_context()

    assert context is tls_context()
    assert context.keylog_filename is None
    assert context.check_hostname


def test_idle_connections_are_dropped_before_the_server_does():
    """Node closes them after 5 s."""
    assert KEEPALIVE_S < 5


async def test_an_answer_that_changes_the_protocol_leaves_nothing_behind(exchange):
    """After a 101 the connection is closed at once, not when the garbage collector comes to it and grumbles."""
    answers = answering(b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", http(200, OK))
    asyncio.get_running_loop().set_debug(True)  # else nobody is told
    async with RawServer(answers) as server:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            statuses = [(await exchange(server, max_connections=1)).status for _ in range(2)]
            gc.collect()

        assert ([101, 200], 2, []) == (statuses, server.connections, caught)


@pytest.mark.promise("P9")
async def test_the_sandbox_sees_a_type_only_with_a_body():
    """Of every call that has no body, and of one that has."""
    async with Sandbox(customers=1) as sandbox:
        [customer] = sandbox.customer_ids
        settings = {"token": sandbox.token, "signature_key": sandbox.signature_key, "base_url": sandbox.base_url}
        async with AsyncPayCombat(**settings) as client:
            await client.customers.update(UpdateCustomer(customer_id=customer, description="VIP"))
            await client.customers.disable(customer)
            await client.customers.enable(customer)
            await client.customers.retrieve(customer)
            await client.customers.delete(customer)

    types = [(arrival.method, arrival.headers.get("Content-Type")) for arrival in sandbox.arrivals]
    assert [("PATCH", "application/json"), *[(method, None) for method in ("PATCH", "PATCH", "GET", "DELETE")]] == types
