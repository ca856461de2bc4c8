"""Starts the programs of programs.py as processes of their own, and a server that holds back what they wait for."""

import asyncio
import json
import os
import queue
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.raw_server import Arrived, http

ROOT = Path(__file__).parents[2]
LONGEST_S = 5  # that a program may take, its start included


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


class Process:
    """A program under way. It must end by itself."""

    def __init__(self, name: str, base_url: str, *arguments: str) -> None:
        # Coverage would start threads and open files of its own in the process.
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("COV", "PYTHON"))}
        self._begun = time.monotonic()
        self._popen = subprocess.Popen(
            [sys.executable, "-X", "dev", "-W", "error", "-m", "tests.weather.programs", name, base_url, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def signal(self, number: int) -> None:
        self._popen.send_signal(number)

    def end(self, last_words: str = "", longest: float = LONGEST_S) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        left = longest - (time.monotonic() - self._begun)
        try:
            out, err = self._popen.communicate(last_words, timeout=max(left, 0))
        except subprocess.TimeoutExpired:
            self._popen.kill()
            out, err = self._popen.communicate()
            pytest.fail(f"the program takes more than {longest} s; it printed {out!r} and complained {err!r}")
        return self._popen.returncode, out, err
