"""What befalls an idle connection, as its caller sees it."""

import asyncio
import re

from paycombat_async.sandbox import Fault
from tests.sandbox.faults.socket_caller import LAST, Heard

KEPT = LAST.replace(b"Connection: close\r\n", b"")
STRAY_BYTES = {
    Fault.STRAY_ANSWER: rb'HTTP/1\.1 200 OK\r\n(.+\r\n)+\r\n\{"status":true,.*"customer_stray".*\}',
    Fault.STRAY_PART: rb"HTTP/1\.1 200 OK\r\n(.+\r\n)*Content-Le",
    Fault.STRAY_408: rb"HTTP/1\.1 408 Request Timeout\r\n(.+\r\n)+\r\n",
    Fault.STRAY_429: rb'HTTP/1\.1 429 Too Many Requests\r\n(.+\r\n)+\r\n\{"status":false,.*"STRAY"\}',
    Fault.STRAY_500: rb'HTTP/1\.1 500 Internal Server Error\r\n(.+\r\n)+\r\n\{"status":false,.*"STRAY"\}',
}
ENDS = {Fault.IDLE_END: "fin", Fault.IDLE_RESET: "rst"}


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> Heard:
    """One request and its answer, to the end of its body and no further."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    return Heard(head + await reader.readexactly(Heard(head, "").length), "")


async def first(reader: asyncio.StreamReader) -> Heard:
    """What comes first on this connection, in one piece."""
    try:
        data = await reader.read(1 << 16)
    except ConnectionResetError:
        return Heard(b"", "rst")
    return Heard(data, "" if data else "fin")


def is_its_doing(fault: Fault, heard: Heard) -> bool:
    if fault in ENDS:
        return Heard(b"", ENDS[fault]) == heard
    return re.fullmatch(STRAY_BYTES[fault], heard.data, re.DOTALL) is not None
