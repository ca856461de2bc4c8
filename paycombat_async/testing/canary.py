"""Test credentials that are easy to recognise, and a search for them in everything that a program outputs."""

import base64
import html
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any, Final, TypeGuard
from urllib.parse import unquote

from msgspec import Struct

_LEVELS: Final = 3  # how deep objects inside objects are searched; error reporters usually go no deeper
_LEAST: Final = 10  # the shortest piece of a secret to search for, in characters; shorter ones may occur by chance
_OURS: Final = frozenset({"paycombat_async", "paycombat_sync"})
_ESCAPE: Final = re.compile(r"\\+(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(/))")
_LEAVES: Final = (str, bytes, bytearray, int, float, type(None), type, ModuleType, FunctionType)


def _unescaped(text: str) -> str:
    r"""Returns the text with the escapes of JSON and of Python's repr decoded: \u0026, \x26, \/.

    An escape may begin with any number of backslashes, because text may have been escaped several times.
    """
    return _ESCAPE.sub(lambda found: found[3] or chr(int(found[1] or found[2], 16)), text)


# The encodings in which a secret looks different, so that a plain search would miss it. Each encoding has a character
# that all text with this encoding contains, and a function that decodes the text.
_DECODINGS: Final[Mapping[str, tuple[str, Callable[[str], str]]]] = {
    "percent-encoded": ("%", unquote),
    "with HTML entities": ("&", html.unescape),
    "with escapes": ("\\", _unescaped),
}


@dataclass(frozen=True, repr=False)
class SecretCanary:
    """Test credentials that are recognised in any output, even if they are encoded or only one half of them is shown.

    In a test, use them as the client's credentials, and pass everything that the code outputs to `check`: str, bytes,
    objects, exceptions. `more` has further secrets by name, such as a customer's e-mail address.
    """

    token: str = "snd_Canary+Token/9f3b1c7e==Rr5"  # noqa: S105  # not a secret
    signature_key: str = "snd_Canary+SignatureKey/4d8a6e==Tt7"
    webhook_key: str = "snd_Canary+WebhookKey/77c2d05b==Uu2"
    more: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def marks(self) -> Mapping[str, str]:
        """All strings that must not leak, by name: the three credentials and those in `more`."""
        known = {"token": self.token, "signature_key": self.signature_key, "webhook_key": self.webhook_key}
        return known | dict(self.more)

    def sightings(self, *outputs: object) -> list[str]:
        """Returns the places of all leaks, such as "token, percent-encoded, in outputs[0].__context__.args".

        The list is empty if nothing has leaked, and never contains a secret. The search covers what error reporters
        show of an object, three levels deep: repr, str, `__dict__` and items. For errors, it also covers notes, cause,
        context and the local variables of this SDK's functions. For a msgspec Struct, such as a customer, it covers
        only the repr and str of the Struct and of the Structs in its fields, because reporters do not read the fields
        themselves.
        """
        return find_leaks(self.marks, *outputs)

    def check(self, *outputs: object) -> None:
        """Raises `AssertionError`, which lists the places, if a secret has leaked."""
        found = self.sightings(*outputs)
        assert not found, "secrets can be seen: " + "; ".join(found)  # noqa: S101  # it is for tests

    def __repr__(self) -> str:
        return "SecretCanary(***)"


def find_leaks(marks: Mapping[str, str], *outputs: object) -> list[str]:
    """Returns the places where a secret leaks, in the same form as `SecretCanary.sightings`.

    `marks` are the secrets by name.
    """
    pieces = {name: _encodings(mark) for name, mark in marks.items()}
    found: dict[str, None] = {}
    for number, output in enumerate(outputs):
        for where, text in iter_text(output, f"outputs[{number}]"):
            found |= dict.fromkeys(f"{name}, {form}, in {where}" for name, form in _matches(pieces, text))
    return list(found)


def iter_text(value: object, where: str) -> Iterator[tuple[str, str]]:
    """Yields every str found in the value, and in its parts up to three levels deep, as pairs of place and str."""
    seen: set[int] = set()
    kept: list[object] = []  # the list keeps the objects alive, so that no new object gets the id() of an old one
    level = [(where, value)]
    for _ in range(_LEVELS + 1):
        deeper: list[tuple[str, object]] = []
        for place, one in level:
            if id(one) not in seen:
                seen.add(id(one))
                kept.append(one)
                yield from _texts_of_one(one, place)
                deeper += _parts(one, place)
        level = deeper


def _texts_of_one(value: object, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, bytes | bytearray):
        yield where, value.decode("utf-8", "replace")
    else:
        forms = {"repr": repr(value), "str": str(value), "format": f"{value}"}
        yield from ((f"{name} of {where}", text) for text, name in {text: name for name, text in forms.items()}.items())
        # The package `rich` calls `__rich_repr__` to print an object, even in tracebacks. `rich` has the type Any,
        # because the method may yield anything.
        rich: Any = getattr(value, "__rich_repr__", None)
        if rich is not None and not isinstance(value, type):
            yield f"rich repr of {where}", repr(list(rich()))


def _parts(value: object, where: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, _LEAVES):
        return
    if isinstance(value, BaseException):
        yield from _parts_of_error(value, where)
    if isinstance(value, Struct):
        yield from _structs_in(value, where)
    for number, item in enumerate(_items(value)):
        yield f"{where}[{number}]", item
    for name, item in list(getattr(value, "__dict__", {}).items()):
        yield f"{where}.{name}", item


def _structs_in(value: Struct, where: str) -> Iterator[tuple[str, Struct]]:
    for name in value.__struct_fields__:
        item: object = getattr(value, name)
        inner = _items(item) if _is_container(item) else [item]
        yield from ((f"{where}.{name}", one) for one in inner if isinstance(one, Struct))


def _items(value: object) -> list[object]:
    if _is_mapping(value):
        return [*value.keys(), *value.values()]
    return list(value) if _is_container(value) else []


def _is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(value, Mapping)


def _is_container(value: object) -> TypeGuard[Iterable[object]]:
    return isinstance(value, list | tuple | AbstractSet)


def _parts_of_error(error: BaseException, where: str) -> Iterator[tuple[str, object]]:
    yield f"{where}.args", error.args
    yield f"{where}.__cause__", error.__cause__
    yield f"{where}.__context__", error.__context__
    yield f"{where}.exceptions", getattr(error, "exceptions", ())
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__"))
        if module.partition(".")[0] in _OURS:
            yield f"{where}, locals of {module}.{frame.f_code.co_name}:{line}", dict(frame.f_locals)


def _encodings(mark: str) -> list[tuple[str, str | None]]:
    """Returns the strings to search for: the secret, its two halves, and the secret in hex and in base64.

    In base64 a secret has three forms, depending on how many bytes stand before it. Each string is paired with the name
    of its encoding, or None for plain text. Plain strings are searched for in decoded output, too.
    """
    half = max(_LEAST, len(mark) // 2)
    plain = {mark, mark[:half], mark[-half:]}
    pieces: list[tuple[str, str | None]] = [(piece, None) for piece in plain]
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            inner = encode(b"x" * shift + mark.encode())[4 if shift else 0 : -4]
            pieces.append((inner.decode(), "in base64"))
    pieces.append((mark.encode().hex(), "in hex"))
    return [(piece, form) for piece, form in pieces if len(piece) >= min(_LEAST, len(mark))]


def _matches(pieces: Mapping[str, list[tuple[str, str | None]]], text: str) -> Iterator[tuple[str, str]]:
    readings = {"plain": text} | {name: read(text) for name, (sign, read) in _DECODINGS.items() if sign in text}
    for name, wanted in pieces.items():
        forms = [form for piece, form in wanted if form is not None and piece in text]
        plain = [piece for piece, form in wanted if form is None]
        forms += [reading for reading, read in readings.items() if any(piece in read for piece in plain)]
        if forms:
            yield name, "plain" if "plain" in forms else forms[0]
