"""A proxy for tests: it connects as CONNECT asks it to, on this machine, or refuses."""

import asyncio

from tests.raw_server import Arrived, Script, http


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, arrived: Arrived) -> bool:
    """A script for `RawServer`: passes bytes both ways between its caller and the port on 127.0.0.1."""
    port = int(arrived.target.rpartition(":")[2])
    answers, requests = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await asyncio.gather(_pass_on(reader, requests), _pass_on(answers, writer))
    return False


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


def refusing(status: int) -> Script:
    """A script for `RawServer`: refuses to connect."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        writer.write(http(status, b"<html>no</html>", "Proxy-Authenticate: Basic realm=x"))
        await writer.drain()
        return False

    return script
