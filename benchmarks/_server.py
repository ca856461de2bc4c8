"""The other side of the calls, in a process of its own: checks the signature of each, and gives a prepared answer.

Written to be cheap, so that it is the client that is measured; under `/later` it answers after 50 ms, as a provider
does. `python -m benchmarks._server` prints its port; the path `/report` says how many signatures it found right and
wrong, and how much processor time it took.
"""

import asyncio
import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.request import urlopen

from benchmarks._data import KEY, TOKEN, clean_answer, drifting_answer
from benchmarks._processes import ROOT, raise_file_limit

LATER_S: Final = 0.05
_REFUSAL: Final = b'{"status":false,"message":"signature or token is wrong"}'


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; under its address, `/clean`, `/drifting` and `/later` are the prefixes of its answers."""

    address: str

    def remark(self) -> str:
        """What it did, which shows that it was not the bottleneck. No call of a benchmark may have been refused."""
        with urlopen(f"{self.address}/report") as answer:
            report = json.load(answer)
        assert report["wrong"] == 0, f"{report['wrong']} signatures were wrong"
        each = report["cpu"] / max(1, report["right"]) * 1e6
        return (
            f"the server, a process of its own, checked {report['right']:,} signatures, all right, in {each:.0f} µs of "
            "its own processor time per call; loopback, no TLS"
        )


@contextmanager
def running_server() -> Generator[Server]:
    """Starts the server, and ends it."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks._server"], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield Server(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _whole(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Counts:
    """Of the whole process. `begun` is the processor time that it had taken before the first connection."""

    begun = 0.0
    right = 0
    wrong = 0


class _Conversation(asyncio.Protocol):
    """One connection: requests come in, in pieces or several at once, and are answered in turn."""

    _answers: Final = {
        b"clean": _whole("200 OK", clean_answer()),
        b"drifting": _whole("200 OK", drifting_answer()),
        b"later": _whole("200 OK", clean_answer()),
    }
    _refusal: Final = _whole("401 Unauthorized", _REFUSAL)

    def __init__(self) -> None:
        self._received = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            line, *rest = self._received[:end].split(b"\r\n")
            headers = {name.lower(): text.strip() for name, _, text in (header.partition(b":") for header in rest)}
            size = int(headers.get(b"content-length", b"0"))
            if len(self._received) < end + 4 + size:
                return
            body = self._received[end + 4 : end + 4 + size]
            self._received = self._received[end + 4 + size :]
            answer = self._answer(line, headers, body)
            if line.split(b"/", 2)[1] == b"later":
                self._loop.call_later(LATER_S, self._transport.write, answer)
            else:
                self._transport.write(answer)

    def _answer(self, line: bytes, headers: dict[bytes, bytes], body: bytes) -> bytes:
        if line.startswith(b"GET /report "):
            cpu = time.process_time() - _Counts.begun
            report = {"right": _Counts.right, "wrong": _Counts.wrong, "cpu": cpu}
            return _whole("200 OK", json.dumps(report).encode())
        wanted = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest().encode()
        known = headers.get(b"x-token") == TOKEN.encode()
        if not known or not hmac.compare_digest(wanted, headers.get(b"signature", b"")):
            _Counts.wrong += 1
            return self._refusal
        _Counts.right += 1
        return self._answers[line.split(b"/", 2)[1]]


async def _serve() -> None:
    raise_file_limit()
    server = await asyncio.get_running_loop().create_server(_Conversation, "127.0.0.1", 0, backlog=8192)
    _Counts.begun = time.process_time()
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
