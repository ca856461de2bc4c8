"""The examples of receiving webhooks, each under a real server: who gets 200, and which work is done how often.

An example is a process of its own, with warnings as errors. It logs its work, which is what the tests wait for.
"""

import http.client
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import pytest

from paycombat_async import Signer
from paycombat_sync.webhooks import SqliteInbox, WebhookEvent, read
from tests.processes import PATIENCE_S, Process

KEY, OLD_KEY = "snd_new-key", "snd_old-key"
EXAMPLES = {"fastapi_app": ("fastapi", "uvicorn"), "aiohttp_app": ("aiohttp",), "django_app": ("django",)}


class Shop:
    """An example that runs until its `with` block ends, however that ends; then `complaints` is what it had to say."""

    complaints = ""

    def __init__(self, name: str, inbox: Path) -> None:
        # Coverage would start threads and open files of its own in the process.
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("COV", "PAYCOMBAT_"))}
        self.inbox = inbox
        self._process = Process(
            *(sys.executable, "-W", "error", "-m", "tests.receiving.serve", name),
            env=environment | {"PAYCOMBAT_WEBHOOK_KEY": f"{KEY} {OLD_KEY}", "PAYCOMBAT_INBOX": str(inbox)},
        )
        self.port = 0

    def __enter__(self) -> Self:
        self.port = int(self.line())
        return self

    def __exit__(self, *_error: object) -> None:
        with self._process:
            self._process.signal(signal.SIGTERM)
            self.complaints = self._process.end().stderr

    def line(self) -> str:
        """The next line of its log, waited for."""
        return self._process.line().rstrip()

    def deliver(self, body: bytes, headers: dict[str, str] | None = None, method: str = "POST") -> tuple[int, str]:
        """As the provider does: status and text of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        headers = {"X-Signature": Signer(KEY).sign(body)} if headers is None else headers
        connection.request(method, "/webhooks/paycombat", body, {"Content-Type": "application/json"} | headers)
        answer = connection.getresponse()
        text = answer.read().decode().strip('"')
        connection.close()
        return answer.status, text


@pytest.fixture(name="example", scope="module", params=EXAMPLES)
def _example(request: pytest.FixtureRequest) -> str:
    for package in EXAMPLES[request.param]:
        pytest.importorskip(package)
    return request.param


@pytest.fixture(name="shop", scope="module")
def _shop(example: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One for all tests of an example: each speaks of payins of its own. It must end without a complaint."""
    with Shop(example, tmp_path_factory.mktemp(example) / "inbox.db") as shop:
        yield shop
    assert "" == shop.complaints


def payin(order: str, status: str = "SUCCESS") -> bytes:
    """A body with what JSON parsers change: white space, an escape, a number."""
    return (
        f'{{"id": "id-{order}", "status": "{status}", "amount": 1e2, "brand": "\\u00e9",'
        f' "order_reference": "{order}", "type": "PAYIN"}}'.encode()
    )


def payout(order: str, status: str) -> bytes:
    return json.dumps({"id": f"id-{order}", "order_id": order, "status": status, "type": "PAYOUT"}).encode()


def pending(path: Path) -> list[WebhookEvent]:
    inbox = SqliteInbox(path)
    left = inbox.pending()
    inbox.close()
    return left


def test_a_signed_webhook_is_answered_and_worked_on(shop):
    """The simplest case. When the worker is at the next one, it has marked this one as done."""
    answers = [shop.deliver(payin(order)) for order in ("simple", "next")]

    assert [(200, "new")] * 2 == answers
    assert ["order simple is paid", "order next is paid"] == [shop.line(), shop.line()]
    assert read(payin("simple")) not in pending(shop.inbox)


def test_repetitions_are_answered_and_not_worked_on(shop):
    """Also when they come together; the work on the next payin shows that there was none in between."""
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(shop.deliver, [payin("repeated")] * 4))
    shop.deliver(payin("after repetitions"))

    assert [(200, "duplicate")] * 3 + [(200, "new")] == sorted(answers)
    assert ["order repeated is paid", "order after repetitions is paid"] == [shop.line(), shop.line()]


def test_what_is_overtaken_is_not_worked_on(shop):
    """A payout came back, and then the news that it was paid arrives."""
    answers = [shop.deliver(payout("overtaken", status)) for status in ("RETURNED", "SUCCESS", "RETURNED")]
    shop.deliver(payin("after overtaking"))

    assert [(200, "new"), (200, "outdated"), (200, "duplicate")] == answers
    assert ["payout overtaken came back", "order after overtaking is paid"] == [shop.line(), shop.line()]


def test_a_contradiction_is_shown_to_a_person(shop):
    """Money for a payin that had expired: no work is done, and nothing is lost."""
    shop.deliver(payin("late", "EXPIRED"))
    expired = shop.line()

    answer = shop.deliver(payin("late"))

    assert (200, "conflict") == answer
    assert "PAYIN EXPIRED: nothing to do" == expired
    assert "look at id-late: it came to an end already, now it says SUCCESS" == shop.line()


def test_the_old_key_holds_while_keys_change(shop):
    """And header names are written as anybody likes."""
    body = payin("old key")

    answer = shop.deliver(body, {"signature": Signer(OLD_KEY).sign(body).upper()})

    assert (200, "new") == answer
    assert "order old key is paid" == shop.line()


def kept_in(inbox: Path) -> int:
    """How many deliveries, done or not."""
    connection = sqlite3.connect(inbox)
    (count,) = connection.execute("SELECT count(*) FROM delivery").fetchone()
    connection.close()
    return count


FORGED = payin("forged")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (FORGED, {}),
        (FORGED, {"X-Signature": ""}),
        (FORGED, {"X-Signature": "é" * 64}),
        (FORGED, {"X-Signature": "0" * 64}),
        (FORGED, {"X-Signature": Signer("snd_another-key").sign(FORGED)}),
        (FORGED + b" ", {"X-Signature": Signer(KEY).sign(payin("simple"))}),
        (b"", {"X-Signature": Signer(KEY).sign(b"")}),
        (b"\xff[", {"X-Signature": Signer(KEY).sign(b"\xff[")}),
        (b"x" * 300_000, {"X-Signature": Signer(KEY).sign(b"x" * 300_000)}),
    ],
    ids=["no header", "empty", "no ASCII", "zeros", "another key", "another body", "no body", "no JSON", "too long"],
)
def test_what_is_not_a_webhook_gets_400_and_leaves_nothing(shop, body, headers):
    """No trace in the inbox, and so no work."""
    before = kept_in(shop.inbox)

    answer, _text = shop.deliver(body, headers)

    assert (400, before) == (answer, kept_in(shop.inbox))


def test_only_post_is_answered(shop):
    """A browser that comes by is told so."""
    assert 405 == shop.deliver(b"", {}, "GET")[0]


def test_work_that_a_crash_left_is_done_at_the_next_start(example, tmp_path):
    """The process died after its 200: what it had received is worked on, and nothing is received twice."""
    inbox = SqliteInbox(tmp_path / "inbox.db")
    inbox.receive(read(payin("left over")))
    inbox.close()

    with Shop(example, tmp_path / "inbox.db") as shop:
        worked_on = shop.line()
        answer = shop.deliver(payin("left over"))

    assert "order left over is paid" == worked_on
    assert ((200, "duplicate"), "") == (answer, shop.complaints)


def test_an_event_that_cannot_be_kept_is_not_answered_with_200(example, tmp_path):
    """The provider may send it again, and then it is new."""
    with Shop(example, tmp_path / "inbox.db") as shop:
        shop.deliver(b"", {}, "GET")  # it has begun, and the file is there
        (tmp_path / "inbox.db").rename(tmp_path / "elsewhere.db")

        refused = shop.deliver(payin("not kept"))[0]
        (tmp_path / "elsewhere.db").rename(tmp_path / "inbox.db")
        answer = shop.deliver(payin("not kept"))
        worked_on = next(line for line in iter(shop.line, None) if line.startswith("order"))

    assert (500, (200, "new")) == (refused, answer)
    assert "order not kept is paid" == worked_on
