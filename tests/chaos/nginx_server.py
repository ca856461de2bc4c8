"""A real nginx in front of a server on this machine, with its files in a folder of its own."""

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.processes import Process

KEEPALIVE_S: Final = 1  # idle connections are closed after this, by nginx's own clock
REQUESTS: Final = 10  # a connection ends after so many
MAX_BODY: Final = 4096  # bytes; larger requests are answered 413
_TRIES: Final = 5  # a port that is free may be taken by another program before nginx listens on it
_CONFIG: Final = """
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    log_format connections '$request_method $connection $connection_requests $status';
    access_log {folder}/access.log connections;
    keepalive_timeout {keepalive}s;
    keepalive_requests {requests};
    client_max_body_size {max_body};
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://127.0.0.1:{upstream}; proxy_set_header Host $http_host; }}
    }}
}}
"""


class Served(NamedTuple):
    """A line of the access log: `connection` is its number, `number` that of the request on it."""

    method: str
    connection: int
    number: int
    status: int


class Nginx:
    """A running nginx. `base_url` is its address."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self.base_url = f"http://127.0.0.1:{port}"

    def served(self) -> list[Served]:
        """All requests so far, in the order in which they ended."""
        lines = (self._folder / "access.log").read_text("ascii").splitlines()
        return [Served(method, *map(int, rest)) for method, *rest in map(str.split, lines)]


@contextlib.contextmanager
def running_nginx(upstream: int) -> Iterator[Nginx]:
    """An nginx that passes requests on to a port of this machine. Skips the test where nginx is not installed."""
    program = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if program is None:
        pytest.skip("nginx is not installed")
    with tempfile.TemporaryDirectory(prefix="paycombat-nginx-") as name:
        folder = Path(name)
        for _ in range(_TRIES):
            port = _free_port()
            with _process(program, folder, port, upstream) as process:
                said = process.complaint("getrlimit")  # printed when it listens; without it, nginx has given up
                if said.endswith("getrlimit"):
                    yield Nginx(folder, port)
                    return
        pytest.fail(f"nginx does not start: {said}")


def _process(program: str, folder: Path, port: int, upstream: int) -> Process:
    config = folder / "nginx.conf"
    values = {"keepalive": KEEPALIVE_S, "requests": REQUESTS, "max_body": MAX_BODY}
    config.write_text(_CONFIG.format(folder=folder, port=port, upstream=upstream, **values), "ascii")
    directives = "daemon off; master_process off;"
    return Process(program, "-p", folder, "-c", config, "-e", "stderr", "-g", directives)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
