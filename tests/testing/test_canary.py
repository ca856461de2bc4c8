"""`SecretCanary` finds a mark in any place and encoding, and reports nothing else."""

import base64
import json
import pickle
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from msgspec import Struct

from paycombat_async._secrets import short_rich_repr
from paycombat_async.testing.canary import SecretCanary

CANARY = SecretCanary(more={"e-mail": "zoe@canary.example"})
TOKEN = CANARY.token


class Holder:
    """An object that shows nothing of what it has, but has it in its `__dict__`."""

    def __init__(self, held: object) -> None:
        self.held = held

    def __repr__(self) -> str:
        return "Holder"


class Rich(Holder):
    def __rich_repr__(self) -> list[object]:
        return [TOKEN]


def with_context(error: BaseException, context: BaseException) -> BaseException:
    error.__context__ = context
    return error


def with_attribute(error: BaseException, value: object) -> BaseException:
    error.request = value  # type: ignore[attr-defined]  # as libraries do
    return error


def noted(error: BaseException, note: str) -> BaseException:
    error.add_note(note)
    return error


class Open(Struct):
    """A Struct that shows all of its fields."""

    held: object


class Closed(Open):
    """A Struct that shows nothing of what it has."""

    def __repr__(self) -> str:
        return "Closed"

    __rich_repr__ = short_rich_repr


LEAKS: dict[str, Callable[[], object]] = {
    "text": lambda: f"X-token: {TOKEN}",
    "bytes": TOKEN.encode,
    "first half": lambda: TOKEN[: len(TOKEN) // 2] + "…",
    "last half": lambda: "…" + TOKEN[-(len(TOKEN) // 2) :],
    "percent-encoded": lambda: quote(TOKEN, safe=""),
    "PHP's slashes": lambda: json.dumps(TOKEN).replace("/", "\\/"),
    "JSON's escapes": lambda: "".join(f"\\u{ord(letter):04X}" for letter in TOKEN),
    "repr of a repr": lambda: repr(repr(TOKEN.replace("/", "\\/"))),
    "HTML entities": lambda: "".join(f"&#{ord(letter)};" for letter in TOKEN),
    "base64": lambda: base64.b64encode(TOKEN.encode() + b"yz"),
    "base64, one later": lambda: base64.b64encode(b"x" + TOKEN.encode() + b"yz"),
    "base64, two later": lambda: base64.b64encode(b"xx" + TOKEN.encode() + b"yz"),
    "hex": lambda: TOKEN.encode().hex(),
    "pickle": lambda: pickle.dumps({"token": TOKEN}),
    "key of a dict": lambda: {TOKEN: 1},
    "nested": lambda: [({"a": {TOKEN}},)],
    "__dict__": lambda: Holder(TOKEN),
    "three levels down": lambda: Holder(Holder(Holder(TOKEN))),
    "rich": lambda: Rich(None),
    "Struct": lambda: Open(TOKEN),
    "Struct in a Struct": lambda: Closed(Open(TOKEN)),
    "list of Structs in a Struct": lambda: Closed([Open(TOKEN)]),
    "error": lambda: ValueError("refused", TOKEN),
    "note of an error": lambda: noted(ValueError(), TOKEN),
    "attribute of an error": lambda: with_attribute(ValueError(), TOKEN),
    "context of an error": lambda: with_context(ValueError("clean"), KeyError(TOKEN)),
    "member of a group": lambda: ExceptionGroup("clean", [ValueError(TOKEN)]),
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_a_mark_is_found(leak: Callable[[], object]) -> None:
    """In whatever form and wherever; the finding itself does not show it."""
    found = CANARY.sightings("clean", leak())

    assert found
    assert all(sighting.startswith("token, ") and "outputs[1]" in sighting for sighting in found)
    assert [] == CANARY.sightings(found)
    with pytest.raises(AssertionError, match="secrets can be seen: token, "):
        CANARY.check(leak())


CYCLE: list[object] = []
CYCLE.append(CYCLE)
CLEAN: dict[str, object] = {
    "nothing": None,
    "stars": "X-token: ***",
    "prefix": "snd_",
    "another token": "snd_live+Token/0000000000",
    "a cycle": CYCLE,
    "data in a Struct that does not show it": Closed(Closed([Closed(TOKEN), TOKEN])),
    "four levels down": Holder(Holder(Holder(Holder(TOKEN)))),
}


@pytest.mark.parametrize("output", CLEAN.values(), ids=CLEAN)
def test_what_is_clean_is_passed(output: object) -> None:
    """Also what goes round in circles, and what no reporter would walk to."""
    assert [] == CANARY.sightings(output)


def test_a_canary_does_not_show_itself() -> None:
    """It is among the local variables of the test that uses it."""
    assert [] == CANARY.sightings(repr(CANARY), str(CANARY))


def test_own_marks_are_looked_for_too() -> None:
    """By the names they were given; a short mark is looked for whole."""
    canary = SecretCanary(more={"pin": "4711"})

    assert ["e-mail, plain, in outputs[0]"] == CANARY.sightings("to zoe@canary.example")
    assert ["pin, plain, in outputs[0]"] == canary.sightings("4711")
    assert [] == canary.sightings("471")


def test_local_variables_of_the_sdk_are_looked_at() -> None:
    """Those of other code are not: it is there that the marks come from."""
    space: dict[str, Any] = {"__name__": "paycombat_async.made_up"}
    exec("def fail(secret):\n    raise ZeroDivisionError", space)
    other: dict[str, Any] = {"__name__": "somebody.else"}
    exec("def fail(secret):\n    raise ZeroDivisionError", other)

    def error_of(fail: Callable[[str], None]) -> BaseException:
        with pytest.raises(ZeroDivisionError) as caught:
            fail(TOKEN)
        return caught.value

    assert CANARY.sightings(error_of(space["fail"]))
    assert [] == CANARY.sightings(error_of(other["fail"]))
