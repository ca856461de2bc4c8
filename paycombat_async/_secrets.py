"""What must never be seen, and how it is kept from being seen: `Secret` holds it, `Redactor` takes it out of text."""

import re
from collections.abc import Iterable, Sequence
from typing import NoReturn, TypeGuard
from urllib.parse import quote

REDACTED = "***"

# The hosted checkout address carries the X-token in its query (`?token=…&identifier=<X-token>`); PHP writes / as \/.
_IN_QUERY = re.compile(r"((?:identifier|token|signature)(?:=|%3D))(?:\\/|[^&\s\"'<>\\])+", re.IGNORECASE)
_IN_JSON = re.compile(r'("[\w-]*(?:token|signature|signature_key)"\s*:\s*")(?:[^"\\]|\\.)*', re.IGNORECASE)


class Secret:
    """A text that does not show itself: not in repr, str, format or a pickle; two of them never compare equal."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Keep it out of variables that live longer than one expression."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied; pass credentials through the environment")

    __getstate__ = __reduce__


def hidden(text: object) -> Secret | None:
    """A text as a Secret. What is neither text, Secret nor None becomes an empty one, to be refused as missing."""
    if text is None or isinstance(text, Secret):
        return text
    return Secret(text if isinstance(text, str) else "")


def hidden_keys(keys: object) -> list[Secret]:
    """Keys as Secrets; none for a single text, whose letters would otherwise be taken for keys. Never raises."""
    return [hidden(key) or Secret("") for key in keys] if _is_list(keys) else []


def _is_list(keys: object) -> TypeGuard[Sequence[object]]:
    return isinstance(keys, Sequence) and not isinstance(keys, str | bytes)


class Redactor:
    """Takes known secrets, and whatever looks like one, out of a text, and clips it."""

    __slots__ = ("_secrets",)

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._secrets = tuple(secrets)

    def __call__(self, text: str, limit: int = 2048) -> str:
        # Replaced before clipping: a token cut in half by the clip would slip through.
        for form in sorted(self._forms(), key=len, reverse=True):
            text = text.replace(form, REDACTED)
        text = _IN_JSON.sub(rf"\g<1>{REDACTED}", _IN_QUERY.sub(rf"\g<1>{REDACTED}", text))
        return text if len(text) <= limit else text[:limit] + "…"

    def _forms(self) -> set[str]:
        """The secrets as they are, as PHP escapes them, and percent-encoded."""
        values = [secret.reveal() for secret in self._secrets]
        return {
            form
            for value in values
            for form in (value, value.replace("/", "\\/"), quote(value, safe="", errors="replace"))
            if form
        }
