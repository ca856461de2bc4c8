"""The HTTP body that the signature doctor examines: its decoded forms, and how it differs from its reprint.

The reprint is the body as JavaScript prints it, `JSON.stringify(JSON.parse(body))`.
"""

import json
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from paycombat_async._json.stringify import stringify
from paycombat_async.webhooks.doctor import json_forms
from paycombat_async.webhooks.doctor.cause import Cause

_SPACE = b" \t\r\n"
_SLASH = re.compile(r"(?<!\\)((?:\\\\)*)\\/")


def reprinted(raw: bytes) -> bytes | None:
    """Returns `JSON.stringify(JSON.parse(raw))`, or None if `raw` is not JSON."""
    try:
        return stringify(raw)
    except ValueError:
        return None


class Body:
    """The bytes of an HTTP body and their decoded forms. Each form is computed when it is first used."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @cached_property
    def text(self) -> str | None:
        """The body decoded as UTF-8, or None if the body is not UTF-8."""
        try:
            return self.raw.decode()
        except UnicodeDecodeError:
            return None

    @cached_property
    def reprinted(self) -> bytes | None:
        """The reprint of the body, `JSON.stringify(JSON.parse(body))`, or None if the body is not JSON."""
        return reprinted(self.raw)

    @cached_property
    def candidates(self) -> tuple[bytes, ...]:
        """The texts over which verification checks the signature: the body and, if it is JSON, its reprint.

        The reprint is the body as JavaScript prints it, `JSON.stringify(JSON.parse(body))`.
        """
        return (self.raw,) if self.reprinted is None else (self.raw, self.reprinted)

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """The JSON tokens of the body (strings, numbers, brackets and so on). Empty if the body is not JSON."""
        return () if self.reprinted is None or self.text is None else json_forms.tokens_of(self.text)

    @cached_property
    def sources(self) -> tuple[tuple[str, ...], ...]:
        """The JSON tokens of the body and, if they differ, those of its reprint. Empty if the body is not JSON.

        The reprint is the body as JavaScript prints it, `JSON.stringify(JSON.parse(body))`.
        """
        if not self.tokens or self.reprinted is None:
            return ()
        again = json_forms.tokens_of(self.reprinted.decode())
        return (self.tokens,) if again == self.tokens else (self.tokens, again)

    @cached_property
    def value(self) -> Any:
        """The body decoded by Python's json module, or None if the body is not JSON or the module refuses it."""
        try:
            return None if self.reprinted is None or self.text is None else json.loads(self.text)
        # one case that Python's json module refuses is an integer of thousands of digits
        except (ValueError, RecursionError):
            return None

    @cached_property
    def members(self) -> dict[str, Any]:
        """The members of the JSON object in the body. Empty if the body is not a JSON object."""
        return self.value if self.value.__class__ is dict else {}


def differences(body: Body) -> list[tuple[Cause, str]]:
    """Returns how the body differs from its reprint, as pairs of cause and description. The body must be JSON.

    The reprint is the body as JavaScript prints it, `JSON.stringify(JSON.parse(body))`.
    """
    found = [(cause, words) for cause, words, differs in _DIFFERENCES if differs(body)]
    in_order = "".join([_javascript(token) for token in body.tokens])
    if in_order.encode() != body.reprinted:
        found.append((Cause.KEYS_MOVED, "the order or the number of keys"))
    return found


def _javascript(token: str) -> str:
    if token[0] == '"':
        return json_forms.as_javascript(token)
    return _number(token) if token[-1].isdecimal() else token


def _number(token: str) -> str:
    return stringify(token.encode()).decode()


def _ends_in_new_line(body: Body) -> bool:
    return body.raw.rstrip(b"\r\n") != body.raw and body.raw.rstrip(b"\r\n") == body.raw.strip(_SPACE)


def _has_outer_space(body: Body) -> bool:
    return body.raw.strip(_SPACE) != body.raw and not _ends_in_new_line(body)


def _between_tokens(body: Body) -> bytes:
    inner = body.raw.strip(_SPACE)
    return b"" if len(inner) == sum(len(token.encode()) for token in body.tokens) else inner


def _is_indented(body: Body) -> bool:
    # A JSON string cannot contain an unescaped line end. So every line end in the body is between two tokens.
    return b"\n" in _between_tokens(body) or b"\r" in _between_tokens(body)


def _has_spaces(body: Body) -> bool:
    return bool(_between_tokens(body)) and not _is_indented(body)


def _has_slashes(body: Body) -> bool:
    return any(token[0] == '"' and _SLASH.search(token) for token in body.tokens)


def _has_escapes(body: Body) -> bool:
    texts = [token for token in body.tokens if token[0] == '"' and "\\" in token]
    return any(_SLASH.sub(r"\1/", text) != json_forms.as_javascript(text) for text in texts)


def _has_numbers(body: Body) -> bool:
    return any(token[-1].isdecimal() and _number(token) != token for token in body.tokens)


_DIFFERENCES: tuple[tuple[Cause, str, Callable[[Body], bool]], ...] = (
    (Cause.NEW_LINE, "a new line at the end", _ends_in_new_line),
    (Cause.OUTER_SPACE, "white space around it", _has_outer_space),
    (Cause.INDENTED, "line ends and indentation", _is_indented),
    (Cause.SPACES, "spaces between its parts", _has_spaces),
    (Cause.PHP_ESCAPES, r"slashes written as \/", _has_slashes),
    (Cause.ESCAPES, r"letters written as \u…", _has_escapes),
    (Cause.NUMBERS, "the form of numbers", _has_numbers),
)
