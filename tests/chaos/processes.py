"""Starts the programs of programs.py as processes of their own, and a server that holds back what they wait for."""

import asyncio
import json
import os
import queue
import sys

from tests.processes import Process
from tests.raw_server import Arrived, http


class Held:
    """A script that keeps quiet on the first `silent` requests until `others` were answered, and notes what it sees."""

    def __init__(self, silent: int = 1, others: int = sys.maxsize) -> None:
        self.left = silent
        self.others = others
        self.bodies: list[bytes] = []
        self.arrived: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.gone: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, arrived: Arrived) -> bool:
        self.bodies.append(arrived.body)
        self.left -= 1
        if self.left >= 0:
            self.arrived.put(None)
            if not await self._is_wanted(reader):
                return False
        self.others -= 1
        writer.write(http(200, b'{"status": true, "data": %b}' % arrived.body))
        await writer.drain()
        return True

    async def _is_wanted(self, reader: asyncio.StreamReader) -> bool:
        """Whether the caller is still there once the others have their answers."""
        while self.others > 0:
            try:
                async with asyncio.timeout(0.01):
                    left = await reader.read(1)
            except TimeoutError:
                continue
            except ConnectionError:
                left = b""
            self.gone.put(left)
            return False
        return True

    @property
    def customers(self) -> list[str]:
        return [json.loads(body)["customer_id"] for body in self.bodies]


BY_SESSION = "TESTS_BY_SESSION"  # in the environment of a program whose clients go through aiohttp sessions of its own


def program(name: str, base_url: str, *arguments: str, by_session: bool = False) -> Process:
    """Starts a program. It must end by itself."""
    # Coverage would start threads and open files of its own in the process.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("COV", "PYTHON"))}
    if by_session:
        environment[BY_SESSION] = "1"
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "tests.chaos.programs"]
    return Process(*command, name, base_url, *arguments, env=environment)
