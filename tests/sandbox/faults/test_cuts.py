"""Bodies that end before their end, byte by byte."""

import asyncio
import json
import socket
import zlib

import pytest

from paycombat_async.sandbox import Fault, Sandbox
from tests.sandbox.caller import CUSTOMER
from tests.sandbox.faults.socket_caller import LAST, Heard, hear, update

LENGTHS = {"content-length", "transfer-encoding"}


async def cut(sandbox: Sandbox, fault: Fault) -> Heard:
    sandbox.faults.next(fault)
    return await hear(sandbox, update(sandbox), LAST)


@pytest.mark.parametrize("fault", [Fault.UNSIZED_END, Fault.UNSIZED_HALF])
async def test_a_body_of_no_length_ends_with_the_connection(sandbox: Sandbox, fault: Fault) -> None:
    """Without a length, FIN alone ends the body."""
    right = await hear(sandbox, update(sandbox), LAST)

    heard = await cut(sandbox, fault)

    assert (200, "fin") == (heard.status, heard.end)
    assert not LENGTHS & heard.headers.keys()
    assert "connection" not in heard.headers
    assert (right.length // 2 if fault is Fault.UNSIZED_HALF else 0) == len(heard.behind_the_head)


async def test_a_head_of_no_length_may_be_followed_by_a_reset(sandbox: Sandbox) -> None:
    """The head arrives before it."""
    sandbox.faults.next(Fault.UNSIZED_RESET)
    host, port = sandbox.base_url.removeprefix("http://").split(":")

    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(update(sandbox))
        heard = await asyncio.to_thread(hear_all, line)

    assert (200, "rst", b"") == (heard.status, heard.end, heard.behind_the_head)
    assert not LENGTHS & heard.headers.keys()


def hear_all(line: socket.socket) -> Heard:
    """Also what came before a reset: asyncio's streams drop that."""
    data = b""
    try:
        while piece := line.recv(1 << 16):
            data += piece
    except ConnectionResetError:
        return Heard(data, "rst")
    return Heard(data, "fin")


async def test_chunks_may_lack_the_last_one(sandbox: Sandbox) -> None:
    """The whole body arrives, but the terminating chunk is missing."""
    heard = await cut(sandbox, Fault.CHUNKED_CUT)

    size, _, rest = heard.behind_the_head.partition(b"\r\n")
    assert (200, "fin", "chunked") == (heard.status, heard.end, heard.headers["transfer-encoding"])
    assert "content-length" not in heard.headers
    assert len(rest) == int(size, 16) + 2
    assert json.loads(rest)["data"]["customer_id"] == CUSTOMER


async def test_chunks_may_be_none_at_all(sandbox: Sandbox) -> None:
    """Not even the empty one that would say so."""
    heard = await cut(sandbox, Fault.CHUNKED_EMPTY_CUT)

    assert (200, "fin", "chunked") == (heard.status, heard.end, heard.headers["transfer-encoding"])
    assert heard.behind_the_head == b""


async def test_a_gzip_stream_may_end_behind_its_head(sandbox: Sandbox) -> None:
    """The length fits: only the stream knows that there is more. The connection is fit for the next request."""
    heard = await cut(sandbox, Fault.GZIP_CUT)

    assert ("gzip", 10) == (heard.headers["content-encoding"], heard.length)
    assert_is_gzip_without_end(heard.body)
    assert heard.behind_the_body.startswith(b"HTTP/1.1 404")


async def test_a_gzip_stream_may_end_early_in_chunks_that_do_not(sandbox: Sandbox) -> None:
    """In chunked encoding, correctly terminated, only the gzip stream ends too early."""
    heard = await cut(sandbox, Fault.GZIP_CUT_CHUNKED)

    size, body, last = heard.behind_the_head[:3], heard.behind_the_head[3:13], heard.behind_the_head[13:22]
    assert ("gzip", "chunked") == (heard.headers["content-encoding"], heard.headers["transfer-encoding"])
    assert (b"a\r\n", b"\r\n0\r\n\r\nHT") == (size, last)
    assert_is_gzip_without_end(body)


def assert_is_gzip_without_end(body: bytes) -> None:
    unpacker = zlib.decompressobj(31)
    assert b"" == unpacker.decompress(body)
    assert not unpacker.eof
