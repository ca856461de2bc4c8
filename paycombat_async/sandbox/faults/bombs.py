"""Answers that are small on the wire and 64 MiB when unpacked: white space, then the right answer."""

import struct
import zlib
from dataclasses import replace
from functools import cache
from typing import Final

from paycombat_async.sandbox.faults.response import Context, PlainResponse

_MIB: Final = 1 << 20
_COUNT: Final = 64
_GZIP_HEAD: Final = b"\x1f\x8b\x08" + bytes(6) + b"\xff"  # RFC 1952: deflate, no flags, no date, unknown system
_RAW: Final = -15  # zlib's window bits for 32 KiB without a head of its own
# 64 MiB of spaces, made by brotli 1.2 at quality 11 and flushed, so that more may follow at the next byte.
_BROTLI_SPACES: Final = bytes.fromhex(
    "cbffff3ff82540e2b14020f7fe8fffff7ff04b00c4611180eefd1fffffffe0970088c30200ddfb3ffeffffc12f0110870500baf77f"
    "fcffff835f02200e0b0074effff8ffff07bf04401c1600e8defff1ffff0f7e0980382c00d0bdffe3ffff1ffc1200715800a07bff67"
    "00"
)
_BROTLI_END: Final = b"\x03"  # RFC 7932: the last block, and empty
_BROTLI_STORED: Final = 1 << 19  # behind the 16 bits of the length
_BLOCK: Final = 1 << 16


def gzip_bomb(response: PlainResponse, _scene: Context) -> PlainResponse:
    """About 65 kB on the wire."""
    spaces, check = _gzip_spaces()
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW)
    end = struct.pack("<II", zlib.crc32(response.body, check), _COUNT * _MIB + len(response.body))
    body = _GZIP_HEAD + spaces + packer.compress(response.body) + packer.flush() + end
    return replace(response, headers={**response.headers, "Content-Encoding": "gzip"}, body=body)


def brotli_bomb(response: PlainResponse, _scene: Context) -> PlainResponse:
    """About a hundred bytes and the answer itself, stored: packing it would need a library."""
    blocks = (response.body[start : start + _BLOCK] for start in range(0, len(response.body), _BLOCK))
    body = _BROTLI_SPACES + b"".join(map(_stored, blocks)) + _BROTLI_END
    return replace(response, headers={**response.headers, "Content-Encoding": "br"}, body=body)


def _stored(block: bytes) -> bytes:
    return (_BROTLI_STORED | (len(block) - 1) << 3).to_bytes(3, "little") + block


@cache
def _gzip_spaces() -> tuple[bytes, int]:
    """The spaces, packed, and their checksum. One block is packed and repeated: packing all would stop the loop."""
    spaces = b" " * _MIB
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW)
    block = packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH)
    check = 0
    for _ in range(_COUNT):
        check = zlib.crc32(spaces, check)
    return block * _COUNT, check
