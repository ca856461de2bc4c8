"""Runs one of the examples under a real server: `python -m tests.receiving.serve NAME`.

Its first line on stdout is the port, which the system chose; then come the records of the example's own log.
"""

import importlib
import logging
import socket
import sys
from collections.abc import Callable
from types import ModuleType

Load = Callable[[], ModuleType]  # of the example, which may set to work at once: so after the port is told


def listen() -> socket.socket:
    """Listens before the port is told, so that nobody who knows it is turned away."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    tell(listener.getsockname()[1])
    return listener


def tell(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def fastapi_app(load: Load) -> None:
    import uvicorn

    listener = listen()
    uvicorn.Server(uvicorn.Config(load().app, log_config=None)).run([listener])


def aiohttp_app(load: Load) -> None:
    from aiohttp import web

    listener = listen()
    web.run_app(load().app, sock=listener, print=None)


def django_app(load: Load) -> None:
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_args: object) -> None:
            """No line for each request, so that stderr is for complaints."""

    server = make_server("127.0.0.1", 0, None, handler_class=Quiet)
    tell(server.server_port)
    server.set_app(load().application)
    server.serve_forever()


SERVERS = {served.__name__: served for served in (fastapi_app, aiohttp_app, django_app)}


def main(name: str) -> None:
    shop = logging.getLogger("shop")
    shop.setLevel(logging.INFO)
    shop.addHandler(logging.StreamHandler(sys.stdout))
    SERVERS[name](lambda: importlib.import_module(f"tests.receiving.{name}"))


if __name__ == "__main__":
    main(sys.argv[1])
