"""Gives a webhook to an ASGI or WSGI application by a direct call: no socket, no server, no port."""

import io
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import unquote
from wsgiref.types import WSGIApplication

import anyio

from paycombat_async.testing.webhooks import SignedWebhook

# Any: the values of an ASGI message. The ASGI specification types them like this.
Message: TypeAlias = MutableMapping[str, Any]
AsgiApplication: TypeAlias = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """The response of the application under test. The names in `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_accepted(self) -> bool:
        """Whether the status is 2xx. After any other status, expect the webhook again."""
        return 200 <= self.status < 300


async def deliver_to_asgi(app: AsgiApplication, path: str, webhook: SignedWebhook) -> WebhookAnswer:
    """POSTs a webhook to this path of an ASGI application, such as FastAPI or Starlette, and returns its response.

    Returns after the application has ended, including its background tasks. An exception that leaves the application is
    passed on. The application's `lifespan` is not run. Raises `AssertionError` if the application ends without a
    complete response.
    """
    exchange = _AsgiExchange(webhook.body)
    where, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": unquote(where),
        "raw_path": where.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in _headers(webhook).items()],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
        "state": {},
    }
    await app(scope, exchange.receive, exchange.send)
    return exchange.answer()


def deliver_to_wsgi(app: WSGIApplication, path: str, webhook: SignedWebhook) -> WebhookAnswer:
    """POSTs a webhook to this path of a WSGI application, such as Django or Flask, and returns its response.

    An exception that leaves the application is passed on. Raises `AssertionError` if the application returns without
    having called `start_response`.
    """
    started: list[tuple[str, list[tuple[str, str]]]] = []
    parts: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _error: object = None, /
    ) -> Callable[[bytes], object]:
        started[:] = [(status, headers)]
        return parts.append

    chunks: Iterable[bytes] = app(_environ(path, webhook), start_response)
    try:
        parts.extend(chunks)
    finally:
        close: Callable[[], object] | None = getattr(chunks, "close", None)
        if close is not None:
            close()
    assert started, "the application has not called start_response"  # noqa: S101  # it is for tests
    status, headers = started[0]
    return WebhookAnswer(int(status[:3]), {name.lower(): value for name, value in headers}, b"".join(parts))


def _environ(path: str, webhook: SignedWebhook) -> dict[str, Any]:
    where, _, query = path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(where, "latin-1"),  # WSGI (PEP 3333) wants the bytes of the path as latin-1
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(webhook.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in _headers(webhook).items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    return environ


def _headers(webhook: SignedWebhook) -> dict[str, str]:
    return {"Host": "testserver", "Content-Length": str(len(webhook.body))} | webhook.headers


class _AsgiExchange:
    """The functions `receive` and `send` that an ASGI application gets, and the response that it has sent."""

    def __init__(self, body: bytes) -> None:
        self._left = [body]
        self._start: Message | None = None
        self._parts: list[bytes] = []
        self._complete = anyio.Event()

    async def receive(self) -> Message:
        """Returns the whole body at the first call. Each later call waits for the response and returns a disconnect."""
        if self._left:
            return {"type": "http.request", "body": self._left.pop(), "more_body": False}
        await self._complete.wait()  # a disconnect before the end of the response would make Starlette cancel it
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Records a message of the application. Messages other than those of a response are ignored."""
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._parts.append(bytes(message.get("body", b"")))
            if not message.get("more_body", False):
                self._complete.set()

    def answer(self) -> WebhookAnswer:
        start = self._start
        assert start is not None, "the application has sent no response"  # noqa: S101  # it is for tests
        assert self._complete.is_set(), "the application has not sent its whole response"  # noqa: S101  # it is for tests
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start.get("headers", ())}
        return WebhookAnswer(start["status"], headers, b"".join(self._parts))
