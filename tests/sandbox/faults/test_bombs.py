"""Bombs: small on the wire, large when unpacked, and a right answer behind all that white space."""

import json
import shutil
import zlib

import pytest

from paycombat_async.sandbox import Fault, Sandbox
from tests.processes import run
from tests.sandbox.caller import CUSTOMER, compact
from tests.sandbox.faults.socket_caller import LAST, Heard, hear, update

MIB = 1 << 20
UNPACK = """
const packed = require("fs").readFileSync(0);
const out = require("zlib").brotliDecompressSync(packed);
let spaces = 0;
while (out[spaces] === 32) spaces += 1;
process.stdout.write(spaces + "\\n" + out.subarray(spaces));
"""


def unpacked(body: bytes) -> tuple[int, bytes]:
    """How many spaces there are in front, and what is behind them."""
    out = run("node", "-e", UNPACK, input=body, encoding="latin-1", check=True).stdout
    spaces, _, answer = out.partition("\n")
    return int(spaces), answer.encode("latin-1")


async def bomb(sandbox: Sandbox, fault: Fault) -> Heard:
    sandbox.faults.next(fault)
    heard = await hear(sandbox, update(sandbox), LAST)
    assert heard.status == 200
    return heard


async def test_the_gzip_bomb_unpacks_to_64_mib(sandbox: Sandbox) -> None:
    """From less than a hundred kB; unpacked piece by piece here."""
    heard = await bomb(sandbox, Fault.GZIP_BOMB)

    unpacker = zlib.decompressobj(31)
    size, rest, piece = 0, heard.body, b""
    while rest:
        piece = unpacker.decompress(rest, MIB)
        size, rest = size + len(piece), unpacker.unconsumed_tail

    assert heard.headers["content-encoding"] == "gzip"
    assert heard.length < 100_000
    assert size > 64 * MIB
    assert json.loads(piece)["data"]["customer_id"] == CUSTOMER
    assert unpacker.eof


async def test_two_gzip_bombs_are_alike(sandbox: Sandbox) -> None:
    """What was prepared for the first one serves the second one."""
    first = await bomb(sandbox, Fault.GZIP_BOMB)
    second = await bomb(sandbox, Fault.GZIP_BOMB)

    assert abs(first.length - second.length) < 100
    assert zlib.decompress(second.body, 31).strip().endswith(b"}")


@pytest.mark.skipif(shutil.which("node") is None, reason="unpacks brotli with Node.js")
@pytest.mark.parametrize("padding", [0, 70_000], ids=["one-block", "two-blocks"])
async def test_the_brotli_bomb_unpacks_to_64_mib(sandbox: Sandbox, padding: int) -> None:
    """From a hundred bytes and the answer itself, also when that is longer than one stored block."""
    long = compact({"customer_id": CUSTOMER, "metadata": {"note": "x" * padding}})
    await hear(sandbox, update(sandbox, long), LAST)

    heard = await bomb(sandbox, Fault.BROTLI_BOMB)

    spaces, answer = unpacked(heard.body)
    assert heard.headers["content-encoding"] == "br"
    assert heard.length < len(answer) + 200
    assert spaces == 64 * MIB
    assert len(answer) > padding
    assert json.loads(answer)["data"]["customer_id"] == CUSTOMER
