"""Webhooks signed by a real Node.js, and the client's JSON.stringify held against its own, over generated texts."""

import base64
import json
import re
import shutil
from pathlib import Path
from random import Random

import pytest

from paycombat_async._json.stringify import stringify
from paycombat_async.webhooks import Webhooks
from tests.json_cases import NODE_SCRIPT, scalar
from tests.processes import run
from tests.sandbox.json_texts import text
from tests.webhooks.bodies import KEY, PAYIN, PAYOUT, VIRTUAL_ACCOUNT

NODE = shutil.which("node")
STRINGIFY = Path(__file__).parents[1] / "sandbox" / "stringify.js"
TEXTS = 12_000
WEBHOOKS = 3_000

pytestmark = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")


def ask_node(*arguments: str, stdin: bytes) -> list[str]:
    return run(NODE, *arguments, input=stdin, check=True).stdout.split("\n")


def reprinted(source: str) -> str | None:
    try:
        return stringify(source.encode()).decode()
    except ValueError:
        return None


def as_php_writes(data: object) -> str:
    """Slashes and all that is not ASCII escaped."""
    return json.dumps(data, separators=(",", ":")).replace("/", "\\/")


def with_capital_escapes(data: object) -> str:
    return re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), json.dumps(data))


def twice(data: dict[str, object]) -> str:
    """Each key comes again with another value first."""
    members = json.dumps(data)[1:-1]
    return "{" + ", ".join(f"{json.dumps(name)}: 1e3" for name in data) + (", " if members else "") + members + "}"


WRITERS = (
    lambda data: json.dumps(data, ensure_ascii=False, separators=(",", ":")),
    lambda data: json.dumps(data, ensure_ascii=False, indent=2),
    as_php_writes,
    with_capital_escapes,
    twice,
)


def webhook(rng: Random) -> bytes:
    """A body with a few strange values, written in one of several ways."""
    base = rng.choice((PAYIN, PAYOUT, VIRTUAL_ACCOUNT))
    values = (scalar(rng) for _ in range(rng.randrange(4)))
    plain = [value for value in values if type(value) in {str, int, float, bool, type(None)}]
    keys = rng.sample([*base, "2", "10", "note", "é"], len(plain))
    return rng.choice(WRITERS)(base | dict(zip(keys, plain, strict=True))).encode()


def test_reprints_what_node_prints() -> None:
    """Thousands of generated texts, a fair part of them broken, come out as from the Node.js of this machine."""
    rng = Random("reprint")
    texts = [text(rng) for _ in range(TEXTS)]

    answers = ask_node(str(STRINGIFY), stdin="\n".join(map(json.dumps, texts)).encode())

    expected = [json.loads(answer) for answer in answers]
    actual = [reprinted(each) for each in texts]
    differing = [row for row in zip(texts, expected, actual, strict=True) if row[1] != row[2]]
    assert differing[:3] == []
    assert 0.1 < expected.count(None) / TEXTS < 0.3


def test_webhooks_signed_by_node_verify_and_are_read_as_node_prints_them() -> None:
    """As the provider's page signs: an HMAC over JSON.stringify of what the body says, however it is written."""
    rng = Random("webhooks")
    bodies = [webhook(rng) for _ in range(WEBHOOKS)]
    receiver = Webhooks([KEY])

    answers = ask_node(str(NODE_SCRIPT), "bodies", KEY, stdin=b"\n".join(map(base64.b64encode, bodies)))

    rows = [(body, *answer.split(" ")) for body, answer in zip(bodies, answers, strict=True)]
    printed = [body if again == "=" else base64.b64decode(again) for body, _, again in rows]
    assert printed == [receiver.unwrap(body, {"x-signature": signature}).payload for body, signature, _ in rows]
    assert 0.1 < sum(again == "=" for *_, again in rows) / WEBHOOKS < 0.5
