"""Faults with a decompression bomb: a small response that decompresses to 64 MiB of spaces before the JSON."""

import struct
import zlib
from dataclasses import replace
from functools import cache
from typing import Final

from paycombat_async.sandbox.faults.response import Context, PlainResponse

_MIB: Final = 1 << 20
_COUNT: Final = 64
# gzip header (RFC 1952): deflate, no flags, no time, unknown system
_GZIP_HEAD: Final = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
# zlib's `wbits`: a window of 2^15 bytes (32 KiB); the minus sign means no zlib header.
_RAW: Final = -15
# 64 MiB of spaces, compressed by brotli 1.2 at quality 11. The data ends at a byte boundary, so that blocks can follow.
_BROTLI_SPACES: Final = bytes.fromhex(
    "cbffff3ff82540e2b14020f7fe8fffff7ff04b00c4611180eefd1fffffffe0970088c30200ddfb3ffeffffc12f0110870500baf77f"
    "fcffff835f02200e0b0074effff8ffff07bf04401c1600e8defff1ffff0f7e0980382c00d0bdffe3ffff1ffc1200715800a07bff67"
    "00"
)
_BROTLI_END: Final = b"\x03"  # RFC 7932: an empty last block
_BROTLI_STORED: Final = 1 << 19  # RFC 7932: the flag ISUNCOMPRESSED is bit 19 of a block's header
_BLOCK: Final = 1 << 16


def gzip_bomb(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with 64 MiB of spaces before its body, compressed with gzip: about 65 kB on the wire."""
    spaces, check = _gzip_spaces()
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW)
    end = struct.pack("<II", zlib.crc32(response.body, check), _COUNT * _MIB + len(response.body))
    body = _GZIP_HEAD + spaces + packer.compress(response.body) + packer.flush() + end
    return replace(response, headers={**response.headers, "Content-Encoding": "gzip"}, body=body)


def brotli_bomb(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with 64 MiB of spaces before its body, compressed with brotli.

    The spaces take about 100 bytes on the wire. The body itself is not compressed.
    """
    blocks = (response.body[start : start + _BLOCK] for start in range(0, len(response.body), _BLOCK))
    body = _BROTLI_SPACES + b"".join(map(_stored, blocks)) + _BROTLI_END
    return replace(response, headers={**response.headers, "Content-Encoding": "br"}, body=body)


def _stored(block: bytes) -> bytes:
    return (_BROTLI_STORED | (len(block) - 1) << 3).to_bytes(3, "little") + block


@cache
def _gzip_spaces() -> tuple[bytes, int]:
    """Returns 64 MiB of spaces, compressed with deflate, and their CRC-32.

    To save time, only one MiB is compressed; the compressed MiB is repeated 64 times.
    """
    spaces = b" " * _MIB
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW)
    block = packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH)
    check = 0
    for _ in range(_COUNT):
        check = zlib.crc32(spaces, check)
    return block * _COUNT, check
