"""Decompression bombs: responses that are small on the wire and 64 MiB of spaces and the JSON when decompressed."""

import struct
import zlib
from dataclasses import replace
from functools import cache
from typing import Final

from paycombat_async.sandbox.faults.response import Context, PlainResponse

_MIB: Final = 1 << 20
_COUNT: Final = 64
_GZIP_HEAD: Final = b"\x1f\x8b\x08" + bytes(6) + b"\xff"  # RFC 1952: deflate, no flags, no timestamp, unknown system
_RAW: Final = -15  # zlib's window bits: 32 KiB, without a zlib header
# 64 MiB of spaces, compressed by brotli 1.2 at quality 11 and flushed, so that more blocks can follow at a byte border.
_BROTLI_SPACES: Final = bytes.fromhex(
    "cbffff3ff82540e2b14020f7fe8fffff7ff04b00c4611180eefd1fffffffe0970088c30200ddfb3ffeffffc12f0110870500baf77f"
    "fcffff835f02200e0b0074effff8ffff07bf04401c1600e8defff1ffff0f7e0980382c00d0bdffe3ffff1ffc1200715800a07bff67"
    "00"
)
_BROTLI_END: Final = b"\x03"  # RFC 7932: an empty last block
_BROTLI_STORED: Final = 1 << 19  # the "uncompressed" flag, after the 16 bits of the length
_BLOCK: Final = 1 << 16


def gzip_bomb(response: PlainResponse, _context: Context) -> PlainResponse:
    """The response gzip-compressed behind 64 MiB of spaces: about 65 kB on the wire."""
    spaces, check = _gzip_spaces()
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW)
    end = struct.pack("<II", zlib.crc32(response.body, check), _COUNT * _MIB + len(response.body))
    body = _GZIP_HEAD + spaces + packer.compress(response.body) + packer.flush() + end
    return replace(response, headers={**response.headers, "Content-Encoding": "gzip"}, body=body)


def brotli_bomb(response: PlainResponse, _context: Context) -> PlainResponse:
    """The response behind 64 MiB of spaces, as brotli: about 100 bytes and the body, which is stored uncompressed."""
    blocks = (response.body[start : start + _BLOCK] for start in range(0, len(response.body), _BLOCK))
    body = _BROTLI_SPACES + b"".join(map(_stored, blocks)) + _BROTLI_END
    return replace(response, headers={**response.headers, "Content-Encoding": "br"}, body=body)


def _stored(block: bytes) -> bytes:
    return (_BROTLI_STORED | (len(block) - 1) << 3).to_bytes(3, "little") + block


@cache
def _gzip_spaces() -> tuple[bytes, int]:
    """The compressed spaces and their CRC-32. One block is compressed and repeated, so as not to block the loop."""
    spaces = b" " * _MIB
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW)
    block = packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH)
    check = 0
    for _ in range(_COUNT):
        check = zlib.crc32(spaces, check)
    return block * _COUNT, check
