"""Responses whose bodies end too early: without a length, with chunked encoding, or compressed with gzip.

Each function returns what is written to the connection. FIN is TCP's normal end of a connection, and RST its abrupt
end.
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
    """Returns headers without a length, no body, then FIN.

    The client cannot know whether the body is empty or lost.
    """
    return Wire(response.head_with(_UNSIZED), End.CLOSED)


def unsized_reset(response: PlainResponse) -> Wire:
    """Returns headers without a length, no body, then RST."""
    return Wire(response.head_with(_UNSIZED), End.RESET)


def unsized_half(response: PlainResponse) -> Wire:
    """Returns headers without a length, half of the body, then FIN."""
    return Wire(response.head_with(_UNSIZED) + response.body[: len(response.body) // 2], End.CLOSED)


def chunked_cut(response: PlainResponse) -> Wire:
    """Returns headers with chunked encoding, the whole body in one chunk, then FIN and no terminating chunk."""
    return Wire(response.head_with(_CHUNKED) + _chunk(response.body), End.CLOSED)


def chunked_empty_cut(response: PlainResponse) -> Wire:
    """Returns headers with chunked encoding, no chunk, then FIN."""
    return Wire(response.head_with(_CHUNKED), End.CLOSED)


def gzip_cut(response: PlainResponse) -> Wire:
    """Returns headers with a Content-Length of 10, and only the gzip header (10 bytes) of the compressed body."""
    return Wire(_gzip_head(response).whole, End.KEPT)


def gzip_cut_chunked(response: PlainResponse) -> Wire:
    """Returns headers with chunked encoding, one chunk with only the body's gzip header, and the terminating chunk."""
    cut = _gzip_head(response)
    return Wire(cut.head_with(_CHUNKED) + _chunk(cut.body) + _LAST_CHUNK, End.KEPT)


def _gzip_head(response: PlainResponse) -> PlainResponse:
    body = gzip.compress(response.body, mtime=0)[:_GZIP_HEAD]
    return replace(response, headers={**response.headers, "Content-Encoding": "gzip"}, body=body)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
