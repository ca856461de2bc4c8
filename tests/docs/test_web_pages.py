"""The web applications of the guides answer requests, under a real server."""

import http.client
import json
import os
import re
import socket
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
import uvicorn

from paycombat_async import Signer
from tests.docs.pages import DOCS
from tests.processes import PATIENCE_S

pytestmark = [pytest.mark.promise("P18"), pytest.mark.usefixtures("reader")]


class Answer(NamedTuple):
    """Status and decoded body."""

    status: int
    body: Any


class Server:
    """A FastAPI application of a page, served to this process."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(*self._address, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            return Answer(answer.status, json.loads(answer.read()))
        finally:
            connection.close()


@contextmanager
def served(page: str) -> Iterator[Server]:
    """Runs the one block of a page that makes a FastAPI application; its shutdown is awaited, too."""
    text = (DOCS / "guides" / page).read_text(encoding="utf-8")
    [block] = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "FastAPI(" in block]
    module = types.ModuleType("pasted")
    exec(compile(block, page, "exec", dont_inherit=True), vars(module))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(module.app, log_config=None))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield Server(listener.getsockname())
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_the_web_app_shows_and_changes_customers():
    """And answers what it cannot do with a status."""
    with served("web-app.md") as shop:
        changed = shop.ask("PATCH", "/customers", b'{"customer_id": "customer_7", "description": "VIP"}')
        found = shop.ask("GET", "/customers/customer_7")
        missing = shop.ask("GET", "/customers/customer_of_nobody")
        refused = shop.ask("PATCH", "/customers", b'{"customer_id": "customer_7", "description": null}')
        failed = shop.ask("PATCH", "/customers", b'{"customer_id": "customer_of_nobody"}')

    assert (200, "VIP") == (changed.status, changed.body["description"])
    assert (200, "VIP") == (found.status, found.body["description"])
    assert (404, 422, 502) == (missing.status, refused.status, failed.status)
    assert failed.body == {"reference": None, "is_unknown": False}


def test_the_receiver_keeps_each_webhook_once():
    """And refuses what is not signed."""
    body = b'{"id":"7d0c","status":"SUCCESS","order_id":"order-6","type":"PAYOUT"}'
    signature = Signer(os.environ["PAYCOMBAT_WEBHOOK_KEY"]).sign(body)
    with served("webhooks.md") as receiver:
        answers = [
            receiver.ask("POST", "/webhooks/paycombat", body, **{"X-Signature": signature}),
            receiver.ask("POST", "/webhooks/paycombat", body, **{"X-Signature": signature}),
            receiver.ask("POST", "/webhooks/paycombat", body.replace(b"6", b"7"), **{"X-Signature": signature}),
        ]

    assert [(200, "new"), (200, "duplicate"), (400, {"detail": "Bad Request"})] == answers
