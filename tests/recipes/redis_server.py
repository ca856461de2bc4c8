"""A real Redis server for the tests, which listens on a socket in a temporary folder of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Process


@pytest.fixture(name="redis_socket")
def _redis_socket() -> Iterator[Path]:
    """The socket of an empty server. Skips where Redis, or its client for Python, is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed: there is no redis-server")
    pytest.importorskip("redis", reason="redis is not installed")
    with tempfile.TemporaryDirectory(prefix="paycombat-redis-", dir="/tmp") as folder:
        socket = Path(folder) / "socket"
        settings = ("--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder)
        with Process(program, *settings, cwd=Path(folder)) as server:
            while "ready to accept connections" not in (line := server.line()).lower():
                assert line, "redis-server has ended"
            yield socket
