"""Answers at the edges of HTTP/1.1, over each way: one request, one answer, and a connection clean or closed."""

import asyncio
import gc
import ssl
import weakref
from contextlib import suppress

import pytest
import trustme

from paycombat_async import ConfigurationError, ConnectFailed, Disconnected, Draft, Outcome, TimedOut
from paycombat_async.transport import AiohttpTransport
from tests.processes import PATIENCE_S
from tests.raw_server import Arrived, RawServer, Script, answering, http
from tests.transport.ways import connector_of, pool_of

OK = b'{"status":true,"message":"OK","data":{"customer_id":"customer_1"}}'
LARGE = b"x" * 90_000


def draft(base_url: str, body: bytes | None = b"{}", method: str = "POST") -> Draft:
    return Draft("test", method, f"{base_url}/x", {"X-token": "snd_t"}, body)


def in_pieces(*pieces: bytes) -> Script:
    """An answer in several segments, with turns of the loop in between."""

    async def script(_reader: object, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        for piece in pieces:
            writer.write(piece)
            for _ in range(10):
                await asyncio.sleep(0)
        return True

    return script


WHOLE = http(200, OK)
LAST = WHOLE.index(b"\r\n\r\n") + 4
GOOD = {
    "an interim answer": ((b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,), 1),
    "interim answers in pieces": (
        (b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", b"HTTP/1.1 102 P\r\n\r\n", WHOLE),
        1,
    ),
    "head and body apart": ((WHOLE[:LAST], WHOLE[LAST:]), 1),
    "byte by byte": ([WHOLE[index : index + 1] for index in range(len(WHOLE))], 1),
    "no reason": ((WHOLE.replace(b" X\r\n", b"\r\n", 1),), 1),
    "chunks": (
        (b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n", b"%x\r\n%s\r\n" % (len(OK), OK), b"0\r\n\r\n"),
        1,
    ),
    "a trailer": (
        (b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nA: b\r\n\r\n" % (len(OK), OK),),
        1,
    ),
    "a connection that closes": ((http(200, OK, "Connection: close"),), 2),
    "HTTP/1.0": ((WHOLE.replace(b"1.1", b"1.0", 1),), 2),
    "HTTP/1.0 that stays": ((http(200, OK, "Connection: keep-alive").replace(b"1.1", b"1.0", 1),), 1),
    "bytes behind it": ((WHOLE + b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n",), 2),
    "bytes behind its body": ((WHOLE[:LAST], WHOLE[LAST:] + b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"), 2),
}


@pytest.mark.promise("P9")
@pytest.mark.parametrize(("pieces", "connections"), GOOD.values(), ids=GOOD)
async def test_two_calls_get_two_answers(pieces, connections, make) -> None:
    """Over one connection where it stays and is clean, else over two."""
    async with RawServer(in_pieces(*pieces)) as server:
        transport = make(base_url=server.base_url)

        answers = [await transport.send(draft(server.base_url), PATIENCE_S) for _ in range(2)]

        await transport.aclose()
    assert [(200, OK)] * 2 == [(answer.status, answer.body) for answer in answers]
    assert (connections, 2) == (server.connections, len(server.arrived))


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_ends_with_its_head(status, make) -> None:
    """Nothing more is waited for, whatever its length is said to be, and the connection is used again."""
    async with RawServer(in_pieces(b"HTTP/1.1 %d X\r\n\r\n" % status)) as server:
        transport = make(base_url=server.base_url)

        answers = [await transport.send(draft(server.base_url), PATIENCE_S) for _ in range(2)]

        await transport.aclose()
    assert [(status, b"")] * 2 == [(answer.status, answer.body) for answer in answers]
    assert 1 == server.connections


async def test_an_answer_to_head_has_no_body(make) -> None:
    """Though its length is that of the answer to a GET."""
    async with RawServer(in_pieces(WHOLE[:LAST])) as server:
        transport = make(base_url=server.base_url)

        answer = await transport.send(draft(server.base_url, None, "HEAD"), PATIENCE_S)

        await transport.aclose()
    assert (200, b"") == (answer.status, answer.body)


async def test_a_closed_transport_sends_nothing(make) -> None:
    """The pool that it had is gone, and it opens no other."""
    async with RawServer(answering(WHOLE)) as server:
        transport = make(base_url=server.base_url)
        await transport.send(draft(server.base_url), PATIENCE_S)
        await transport.aclose()

        with pytest.raises(ConnectFailed, match="the client was closed"):
            await transport.send(draft(server.base_url), PATIENCE_S)

    assert 1 == len(server.arrived)


@pytest.mark.promise("P3", "P9")
@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "TLS"])
async def test_a_connection_with_a_request_that_was_not_read_is_not_used_again(is_tls) -> None:
    """A server that refuses a large request before it has read it closes soon, and would take the next call along."""
    authority = trustme.CA()
    server_tls, client_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("127.0.0.1").configure_cert(server_tls)
    authority.configure_trust(client_tls)
    async with RawServer(answering(http(413, OK), http(200, OK)), tls=server_tls if is_tls else None) as server:
        transport = AiohttpTransport(base_url=server.base_url, ssl_context=client_tls)

        statuses = [(await transport.send(draft(server.base_url, LARGE), PATIENCE_S)).status for _ in range(3)]

        await transport.aclose()
    assert ([413, 200, 200], 2) == (statuses, server.connections)


@pytest.mark.promise("P9", "P11")
async def test_a_draft_that_cannot_be_a_request_is_not_sent() -> None:
    """A line break in a header would be a second request. Not even a connection is made."""
    async with RawServer(answering(WHOLE)) as server:
        transport = AiohttpTransport(base_url=server.base_url)
        bad = Draft("test", "POST", f"{server.base_url}/x", {"X-token": "snd_marked\r\nX: y"}, b"{}")

        with pytest.raises(ConfigurationError) as caught:
            await transport.send(bad, PATIENCE_S)

        await transport.aclose()
    assert (Outcome.NOT_SENT, 0) == (caught.value.outcome, server.connections)
    frames = [frame.frame.f_locals for frame in caught.traceback if "paycombat_async" in str(frame.path)]
    assert "marked" not in repr(frames)


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 599])
async def test_a_status_is_an_answer(status, make) -> None:
    """Whatever the settings of a session say."""
    async with RawServer(answering(http(status, OK, "Retry-After: 7"))) as server:
        transport = make(base_url=server.base_url)

        answer = await transport.send(draft(server.base_url), PATIENCE_S)

        await transport.aclose()
    assert (status, OK, "7") == (answer.status, answer.body, answer.headers["retry-after"])


@pytest.mark.promise("P9")
async def test_the_answer_to_a_call_that_was_given_up_goes_to_no_other(make) -> None:
    """Its connection is closed, though nothing of the answer has come yet."""
    held: list[asyncio.StreamWriter] = []

    async def script(_reader: object, writer: asyncio.StreamWriter, arrived: Arrived) -> bool:
        if held:
            held[0].write(http(200, b'{"late":1}'))
            writer.write(WHOLE)
        else:
            held.append(writer)
        return True

    async with RawServer(script) as server:
        transport = make(base_url=server.base_url)
        with pytest.raises(TimedOut):
            await transport.send(draft(server.base_url), 0.05)

        answer = await transport.send(draft(server.base_url), PATIENCE_S)

        await transport.aclose()
    assert (OK, 2) == (answer.body, server.connections)


@pytest.mark.promise("P3", "P9")
async def test_a_connection_on_which_a_request_is_still_being_sent_is_not_used_again() -> None:
    """The server answered before it had read all of it; what follows would be read as the rest of the body."""
    connections: list[bytes] = []

    async def answer_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(WHOLE)
        with suppress(ConnectionError, asyncio.CancelledError):
            await over.wait()
        writer.transport.abort()

    over = asyncio.Event()
    server = await asyncio.start_server(answer_early, "127.0.0.1", 0, limit=1024)
    base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    transport = AiohttpTransport(base_url=base_url)

    answers = [await transport.send(draft(base_url, bytes(16 << 20)), PATIENCE_S) for _ in range(2)]

    over.set()
    await transport.aclose()
    server.close()
    assert ([OK, OK], 2) == ([answer.body for answer in answers], len(connections))


async def test_a_connection_that_changes_its_protocol_is_not_used_again() -> None:
    """Even if the answer does not name the new one."""
    async with RawServer(answering(b"HTTP/1.1 101 X\r\n\r\n", WHOLE)) as server:
        transport = AiohttpTransport(base_url=server.base_url)

        statuses = [(await transport.send(draft(server.base_url), PATIENCE_S)).status for _ in range(2)]

        await transport.aclose()
    assert ([101, 200], 2) == (statuses, server.connections)


@pytest.mark.promise("P8")
async def test_a_transport_that_nobody_holds_is_freed(make) -> None:
    """With its connections, though it was never closed, in the next turns of its loop."""
    async with RawServer(answering(WHOLE)) as server:
        transport = make(base_url=server.base_url)
        await transport.send(draft(server.base_url), PATIENCE_S)
        connector, held = connector_of(transport), weakref.ref(transport)

        del transport
        gc.collect()
        for _ in range(5):
            await asyncio.sleep(0)

        assert (None, True) == (held(), connector.closed)


async def test_everything_is_given_back(make) -> None:
    """After answers good and bad no slot, no connection and no deadline is in use."""
    answers = answering(WHOLE, b"NOT HTTP\r\n\r\n", WHOLE, http(500, OK), b"HTTP/1.1 101 X\r\n\r\n", WHOLE)
    async with RawServer(answers) as server:
        transport = make(base_url=server.base_url, max_connections=2)
        for _ in range(6):
            with suppress(Disconnected):
                await transport.send(draft(server.base_url), PATIENCE_S)

        in_use = (len(connector_of(transport)._acquired), len(pool_of(transport).deadlines._running))
        slots = pool_of(transport).slots.free

        await transport.aclose()
    assert ((0, 0), 2) == (in_use, slots)
