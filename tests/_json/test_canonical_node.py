"""Canonical bytes, numbers and signatures against a real Node.js, over generated cases that are always the same."""

import base64
import shutil
import struct
from random import Random

import pytest

from paycombat_async._json.canonical import canonical_json
from paycombat_async._json.javascript import js_number
from paycombat_async._signing import Signer
from tests.json_cases import NODE_SCRIPT, finite_double, price, request
from tests.processes import run

NODE = shutil.which("node")
KEY = "snd_서명키_0123456789"
BODIES = 21_000
NUMBERS = 100_000  # of each kind

pytestmark = [pytest.mark.promise("P2"), pytest.mark.skipif(NODE is None, reason="Node.js is not installed")]


def ask_node(mode: str, stdin: bytes, *arguments: str) -> list[str]:
    return run(NODE, NODE_SCRIPT, mode, *arguments, input=stdin, check=True).stdout.split("\n")


@pytest.fixture(name="bodies", scope="module")
def _bodies() -> list[bytes]:
    rng = Random("bodies")
    return [canonical_json(request(rng)) for _ in range(BODIES)]


@pytest.fixture(name="answers", scope="module")
def _answers(bodies: list[bytes]) -> list[list[str]]:
    lines = b"\n".join(base64.b64encode(body) for body in bodies)
    return [answer.split(" ") for answer in ask_node("bodies", lines, KEY)]


def test_bodies_are_a_fixed_point_of_node(bodies: list[bytes], answers: list[list[str]]) -> None:
    """JSON.stringify(JSON.parse(body)) gives every body back, byte for byte."""
    changed = [
        (body.decode(), base64.b64decode(again).decode())
        for body, (_, again) in zip(bodies, answers, strict=True)
        if again != "="
    ]

    assert changed[:3] == []


def test_signatures_are_those_of_node(bodies: list[bytes], answers: list[list[str]]) -> None:
    """crypto.createHmac over what Node prints gives our signature, for every body."""
    signer = Signer(KEY)

    differing = [body for body, (signature, _) in zip(bodies, answers, strict=True) if signature != signer.sign(body)]

    assert differing[:3] == []


def test_generated_bodies_reach_what_they_are_meant_to_reach(bodies: list[bytes]) -> None:
    """The generator is no use if it stops making the hard cases, so each of them must occur often."""
    marks = {
        "array index": b'{"0":',
        "Hangul": "한국산업은행".encode(),
        "emoji": "😀".encode(),
        "line separator": "\u2028".encode(),
        "quote": b'\\"',
        "control": b"\\u0000",
        "exponent": b"e+2",
        "small exponent": b"e-7",
        "nested list": b"[[",
        "extra": b'"account_usage_purpose"',
    }

    rare = {name for name, mark in marks.items() if sum(mark in body for body in bodies) < 50}

    assert rare == set()


@pytest.mark.parametrize("kind", [finite_double, price], ids=["any bits", "one to three places"])
def test_numbers_are_printed_as_node_prints_them(kind: type) -> None:
    """`js_number` is JavaScript's String(x)."""
    rng = Random(f"numbers {kind.__name__}")
    numbers = [kind(rng) for _ in range(NUMBERS)]

    printed = ask_node("numbers", struct.pack(f"<{NUMBERS}d", *numbers))

    differing = [(number, text) for number, text in zip(numbers, printed, strict=True) if js_number(number) != text]
    assert differing[:3] == []
