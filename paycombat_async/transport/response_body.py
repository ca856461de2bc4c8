"""Reads the body of an answer: limited in size, decompressed, and checked to be complete."""

import codecs
import zlib
from typing import Final

from aiohttp import StreamReader, hdrs
from multidict import CIMultiDictProxy

_CHUNK_BYTES: Final = 64 * 1024
_PIECE_BYTES: Final = 4 * 1024  # small, because zlib copies the rest of a piece at the end of each gzip member
_GZIP: Final = frozenset({"gzip", "x-gzip"})
_UNCODED: Final = frozenset({"", "identity"})
_GZIP_MARK: Final = b"\x1f\x8b"  # the first bytes of every gzip member (RFC 1952, 2.3.1)
_BEFORE_JSON: Final = codecs.BOM_UTF8 + codecs.BOM_UTF16 + b"\0 \t\r\n"  # bytes that may come before the JSON
_WITHOUT_BODY: Final = frozenset({204, 304})
_GZIP_FRAME: Final = 31  # zlib's `wbits` for data with a gzip header and trailer


class BrokenBody(Exception):
    """The body of an answer is incomplete, or is not encoded as its Content-Encoding says."""


class UnacceptableBody(Exception):
    """The body of an answer is too large, is compressed twice, or is in an encoding that was not requested."""


def body_at_hand(headers: CIMultiDictProxy[str], content: StreamReader, limit: int) -> bytes | None:
    """Returns the body if it has arrived completely, with a Content-Length of at most `limit` bytes.

    Otherwise, or if there is a Content-Encoding, returns None, and `read_body` must be called. Most bodies arrive
    together with the headers of their answer. For them, this function saves the time that a coroutine takes. A body
    that begins like gzip is decompressed, because some proxies remove the Content-Encoding.
    """
    length = headers.get(hdrs.CONTENT_LENGTH)
    if length is None or hdrs.CONTENT_ENCODING in headers or not content.is_eof() or int(length) > limit:
        return None
    body = content.read_nowait()
    return _unpacked(body, limit) if body.startswith(_GZIP_MARK) else body


async def read_body(status: int, headers: CIMultiDictProxy[str], content: StreamReader, limit: int) -> bytes:
    """Returns the whole body, decompressed. Raises `BrokenBody`, `UnacceptableBody`, or aiohttp's `ClientPayloadError`.

    `limit` is in bytes, and applies to the compressed size and to the decompressed size. aiohttp must not decompress
    the body (`auto_decompress=False`), because it would accept an incomplete gzip stream.

    The first bytes of the body show whether it is gzip or JSON. The Content-Encoding may be wrong: some proxies
    decompress a body but keep this header, and others remove the header of a compressed body.
    """
    encoding = headers.get(hdrs.CONTENT_ENCODING)
    length = headers.get(hdrs.CONTENT_LENGTH)
    if status in _WITHOUT_BODY:
        return await content.read()
    if length is not None and int(length) > limit:
        raise _too_long(limit)
    is_bounded = encoding is None and length is not None
    body = await content.read() if is_bounded else await _bounded(content, limit)
    coding = (encoding or "").strip().lower()
    if body.startswith(_GZIP_MARK) or (coding in _GZIP and not _looks_like_json(body)):
        body = _unpacked(body, limit)
        if body.startswith(_GZIP_MARK):
            raise UnacceptableBody("is compressed twice")
    elif coding not in _UNCODED | _GZIP and not _looks_like_json(body):
        raise UnacceptableBody("is in an encoding that was not asked for")
    return body


def marks_its_end(status: int, headers: CIMultiDictProxy[str]) -> bool:
    """Whether the headers say where the body ends (RFC 9112, 6.3), so that an incomplete body is noticed."""
    if status in _WITHOUT_BODY or hdrs.CONTENT_LENGTH in headers:
        return True
    codings = headers.getall(hdrs.TRANSFER_ENCODING, ("",))  # the header may occur several times
    return codings[-1].rpartition(",")[2].strip().lower() == "chunked"


async def _bounded(content: StreamReader, limit: int) -> bytes:
    body = bytearray()
    async for chunk in content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > limit:
            raise _too_long(limit)
    return bytes(body)


def _looks_like_json(body: bytes) -> bool:
    return body.lstrip(_BEFORE_JSON)[:1] in {b"{", b"["}


def _unpacked(packed: bytes, limit: int) -> bytes:
    """Returns the decompressed body, which consists of one or more complete gzip members (RFC 1952, 2.2)."""
    body = bytearray()
    stream = zlib.decompressobj(_GZIP_FRAME)
    for start in range(0, len(packed), _PIECE_BYTES):
        rest = packed[start : start + _PIECE_BYTES]
        while rest:
            if stream.eof:
                stream = zlib.decompressobj(_GZIP_FRAME)
            try:
                body += stream.decompress(rest, limit - len(body) + 1)
            except zlib.error:
                raise BrokenBody("not gzip") from None
            if len(body) > limit:
                raise _too_long(limit)
            rest = stream.unused_data  # the bytes after the end of this gzip member
    if not stream.eof:
        raise BrokenBody("gzip cut short")
    return bytes(body)


def _too_long(limit: int) -> UnacceptableBody:
    return UnacceptableBody(f"has more than {limit} bytes")
