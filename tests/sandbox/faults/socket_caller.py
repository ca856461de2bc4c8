"""A caller that sees every byte and how the connection ends."""

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from paycombat_async.sandbox import Sandbox
from tests.sandbox.caller import CUSTOMER, UPDATE, compact

BODY = compact({"customer_id": CUSTOMER, "description": "VIP"})
LAST = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Heard:
    """Everything that came until the connection ended, and how it did: "fin" or "rst"."""

    data: bytes
    end: str

    @property
    def status(self) -> int:
        return int(self.data.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        head = self.data.partition(b"\r\n\r\n")[0].decode("latin-1")
        return {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in head.split("\r\n")[1:])}

    @property
    def length(self) -> int:
        return int(self.headers["content-length"])

    @property
    def behind_the_head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def body(self) -> bytes:
        return self.behind_the_head[: self.length]

    @property
    def behind_the_body(self) -> bytes:
        return self.behind_the_head[self.length :]

    @property
    def document(self) -> Any:
        return json.loads(self.body)


def update(sandbox: Sandbox, body: bytes = BODY) -> bytes:
    signature = hmac.new(sandbox.signature_key.encode(), body, hashlib.sha256).hexdigest()
    lines = [
        f"PATCH {UPDATE} HTTP/1.1",
        "Host: localhost",
        f"X-token: {sandbox.token}",
        f"signature: {signature}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def get(sandbox: Sandbox, path: str) -> bytes:
    """The last one on its connection."""
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-token: {sandbox.token}\r\nConnection: close\r\n\r\n"
    return head.encode()


async def connect(sandbox: Sandbox) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = sandbox.base_url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def listen(reader: asyncio.StreamReader) -> Heard:
    """To the end of the connection."""
    heard = bytearray()
    try:
        while piece := await reader.read(1 << 16):
            heard += piece
    except ConnectionResetError:
        return Heard(bytes(heard), "rst")
    return Heard(bytes(heard), "fin")


async def hear(sandbox: Sandbox, *requests: bytes) -> Heard:
    """Sends them in one go and listens to the end. Finish with `LAST`, or nobody ends a connection that is kept."""
    reader, writer = await connect(sandbox)
    writer.write(b"".join(requests))
    try:
        return await listen(reader)
    finally:
        writer.close()
