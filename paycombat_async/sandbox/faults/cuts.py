"""Faults with a body that ends too early: without a length, with chunked encoding, or compressed with gzip.

The docstring of each function says what is written to the connection. FIN is TCP's normal end of a connection, and RST
its abrupt end.
"""

import gzip
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from paycombat_async.sandbox.faults.response import PlainResponse
from paycombat_async.sandbox.faults.wire import End, Wire

_CHUNKED: Final = {"Transfer-Encoding": "chunked"}
_UNSIZED: Final[Mapping[str, str]] = {}
_LAST_CHUNK: Final = b"0\r\n\r\n"
_GZIP_HEAD: Final = 10  # the length in bytes of a gzip header without optional fields (RFC 1952)


def unsized_end(response: PlainResponse) -> Wire:
    """Makes the server write headers without a length and no body, and then end the connection normally (TCP FIN).

    The client cannot know whether the body is empty or lost.
    """
    return Wire(response.head_with(_UNSIZED), End.CLOSED)


def unsized_reset(response: PlainResponse) -> Wire:
    """Makes the server write headers without a length and no body, and then end the connection abruptly (TCP RST)."""
    return Wire(response.head_with(_UNSIZED), End.RESET)


def unsized_half(response: PlainResponse) -> Wire:
    """Makes the server write headers without a length and half of the body, and then end the connection (TCP FIN)."""
    return Wire(response.head_with(_UNSIZED) + response.body[: len(response.body) // 2], End.CLOSED)


def chunked_cut(response: PlainResponse) -> Wire:
    """Makes the server write a chunked response without its terminating chunk, then end the connection (TCP FIN)."""
    return Wire(response.head_with(_CHUNKED) + _chunk(response.body), End.CLOSED)


def chunked_empty_cut(response: PlainResponse) -> Wire:
    """Makes the server write the headers of a chunked response and no chunk, then end the connection (TCP FIN)."""
    return Wire(response.head_with(_CHUNKED), End.CLOSED)


def gzip_cut(response: PlainResponse) -> Wire:
    """Makes the server write a complete response with a broken body: only the header (10 bytes) of a gzip stream."""
    return Wire(_gzip_head(response).whole, End.KEPT)


def gzip_cut_chunked(response: PlainResponse) -> Wire:
    """Makes the server write a complete chunked response with a broken body: only the header of a gzip stream."""
    cut = _gzip_head(response)
    return Wire(cut.head_with(_CHUNKED) + _chunk(cut.body) + _LAST_CHUNK, End.KEPT)


def _gzip_head(response: PlainResponse) -> PlainResponse:
    body = gzip.compress(response.body, mtime=0)[:_GZIP_HEAD]
    return replace(response, headers={**response.headers, "Content-Encoding": "gzip"}, body=body)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
