"""Peers that are not what they should be: TLS contexts of servers, and servers that fail in the handshake."""

import asyncio
import os
import socket
import ssl
import struct
import warnings
from collections.abc import Awaitable, Callable
from typing import Final

import trustme

from tests.transport.connecting import server_tls

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Talk = Callable[[Reader, Writer], Awaitable[None]]
Listen = Callable[[Talk], str]  # the fixture `listen`

_FATAL_ALERT: Final = bytes.fromhex("15 0303 0002 0228")  # handshake_failure (RFC 8446, 6)
_HELLO_BEGUN: Final = bytes.fromhex("16 0303 007a 02 0000")  # a record of 122 bytes, of which 3 are here
_RECORD_HEAD: Final = 5  # type, version, two bytes of length (RFC 8446, 5.1)
_UNREADABLE: Final = bytes.fromhex("17 0303 0013") + bytes(19)  # a record that no key decrypts


def tls_of(authority: trustme.CA, **validity: object) -> ssl.SSLContext:
    """A server with a certificate for 127.0.0.1."""
    return server_tls(authority.issue_cert("127.0.0.1", **validity))  # type: ignore[arg-type]  # dates only


def limited_to(version: ssl.TLSVersion, context: ssl.SSLContext) -> ssl.SSLContext:
    """The same context, for one version of TLS."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of TLS 1.1
        context.minimum_version = context.maximum_version = version
    if version < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("DEFAULT@SECLEVEL=0")  # without this OpenSSL offers no TLS 1.1
    return context


def self_signed() -> ssl.SSLContext:
    """A server with a certificate that nobody else has signed."""
    own = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with own.cert_pem.tempfile() as certificate, own.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context


def handshaking(context: ssl.SSLContext) -> Talk:
    """A handshake, and if it fails the alert that says why, as servers send it; asyncio's own server sends none."""

    async def talk(reader: Reader, writer: Writer) -> None:
        arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(arrived, leaving, server_side=True)
        is_over = False
        while not is_over:
            try:
                server.do_handshake()
                is_over = True
            except ssl.SSLError as error:
                is_over = not isinstance(error, ssl.SSLWantReadError)
            writer.write(leaving.read())
            if not is_over:
                data = await reader.read(1 << 16)
                arrived.write(data) if data else arrived.write_eof()
        writer.close()

    return talk


def answering_late(port: int, longer_than: int) -> Talk:
    """Passes bytes between its caller and a TLS server at this port.

    What the server says after its part of the handshake is held back until a record of more than `longer_than` bytes,
    the request, has come from the caller.
    """

    async def talk(reader: Reader, writer: Writer) -> None:
        answers, requests = await asyncio.open_connection("127.0.0.1", port)
        is_sent = asyncio.Event()

        async def pass_requests() -> None:
            while head := await reader.read(_RECORD_HEAD):
                head += await reader.readexactly(_RECORD_HEAD - len(head))
                size = int.from_bytes(head[3:])
                requests.write(head + await reader.readexactly(size))
                if size > longer_than:
                    is_sent.set()

        asking = asyncio.ensure_future(pass_requests())
        try:
            writer.write(await answers.read(1 << 16))
            await is_sent.wait()
            writer.write(await answers.read(1 << 16))
        finally:
            asking.cancel()
            requests.close()
            writer.close()

    return talk


async def hang(reader: Reader, _writer: Writer) -> None:
    while await reader.read(1 << 16):
        pass


async def hang_halfway(reader: Reader, writer: Writer) -> None:
    await reader.read(1)
    writer.write(_HELLO_BEGUN)
    await hang(reader, writer)


async def end(reader: Reader, writer: Writer) -> None:
    await reader.read(1 << 16)
    writer.close()


async def end_halfway(reader: Reader, writer: Writer) -> None:
    await reader.read(1 << 16)
    writer.write(_HELLO_BEGUN)
    writer.close()


async def reset(reader: Reader, writer: Writer) -> None:
    await reader.read(1)
    reset_now(writer)


async def refuse(reader: Reader, writer: Writer) -> None:
    await reader.read(1 << 16)
    writer.write(_FATAL_ALERT)
    writer.close()


async def answer_without_tls(reader: Reader, writer: Writer) -> None:
    await reader.read(1 << 16)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    writer.close()


def reset_now(writer: Writer) -> None:
    """Ends a connection at once, with a reset."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def write_unreadable(writer: Writer) -> None:
    """Writes below TLS, as a middlebox does that damages a record."""
    os.write(writer.get_extra_info("socket").fileno(), _UNREADABLE)
