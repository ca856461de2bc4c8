"""`Secret` holds a secret string without showing it; `Redactor` removes secrets from other strings."""

import re
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from typing import NoReturn, TypeGuard

REDACTED = "***"

# The base64 form of a secret is searched for only if it has at least 8 characters, because a shorter form may also
# occur in a harmless text.
_LEAST_BASE64 = 8

# Only the first 16,384 characters of a text are searched. The SDK never shows more, and searching a huge hostile answer
# would take too long.
_MAX_SEARCHED = 16_384

# When a client's credentials are replaced, its redactor also removes the new credentials. It keeps only the newest 8 of
# these secrets, because each secret makes the search longer. Calls use a replaced credential for a few minutes only, so
# older secrets are not needed.
_MAX_ADDED = 8

# The address of the hosted checkout contains the X-token in its query (`?token=…&identifier=<X-token>`). The pattern
# allows \/ inside a value, because PHP writes / as \/ in JSON.
_IN_QUERY = re.compile(r"((?:identifier|token|signature)(?:=|%3D))(?:\\/|[^&\s\"'<>\\])+", re.IGNORECASE)
_IN_JSON = re.compile(r'("[\w-]*(?:token|signature|signature_key)"\s*:\s*")(?:[^"\\]|\\.)*', re.IGNORECASE)

# Finds a header of the request that an answer quotes, such as `signature: 3f8a…` or `'X-Token': '…'`. A value of less
# than 16 characters is not replaced, because no credential is so short. Such a value is probably a word of a sentence,
# as in "invalid token: expired".
_IN_HEADER = re.compile(
    r"""((?:token|signature|signature_key)["'\\\]]{0,4}\s{0,4}(?::|=>?|%3A)(?:%20|\s){0,4}["'\\]{0,4})"""
    r"[A-Za-z0-9+/=_.~%-]{16,}",
    re.IGNORECASE,
)
_IN_AUTHORIZATION = re.compile(r"(authorization\W{1,8}(?:basic|bearer)\s{1,4})[^\s\"'\\]+", re.IGNORECASE)
_NAMED_IN_HTML = {"&": "|&amp;", "<": "|&lt;", ">": "|&gt;", '"': "|&quot;"}
_LIKELY = (_IN_QUERY, _IN_JSON, _IN_HEADER, _IN_AUTHORIZATION)


class Secret:
    """Holds a secret str, which `repr`, `str` and `format` do not show.

    Cannot be pickled. A Secret is equal only to itself: two Secrets with the same str are not equal.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Returns the str itself. Do not keep it in a variable, since tracebacks may show local variables."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied; pass credentials through the environment")

    __getstate__ = __reduce__


def as_secret(text: object) -> Secret | None:
    """Returns a str as a Secret, and a Secret or None unchanged.

    Returns an empty Secret for anything else; the check of the settings refuses an empty Secret later.
    """
    if text is None or isinstance(text, Secret):
        return text
    return Secret(text if isinstance(text, str) else "")


def as_secrets(keys: object) -> list[Secret]:
    """Returns the keys as Secrets. Never raises.

    Returns [] if `keys` is not a sequence. Returns [] for a single str, too, because each of its characters would
    become a key.
    """
    return [as_secret(key) or Secret("") for key in keys] if _is_list(keys) else []


def _is_list(keys: object) -> TypeGuard[Sequence[object]]:
    return isinstance(keys, Sequence) and not isinstance(keys, str | bytes)


class Redactor:
    """Replaces all known secrets in a str, and all that looks like a secret, with ***, and shortens the result."""

    __slots__ = ("_more", "_patterns", "_secrets")

    def __init__(self, secrets: Iterable[Secret] = (), more: Sequence[Secret] = ()) -> None:
        """Takes the secrets to replace: `secrets`, and `more`, the secrets that were added later, newest first."""
        self._secrets = tuple(secrets)
        self._more = tuple(more)
        self._patterns: tuple[re.Pattern[str], ...] | None = None

    def with_more(self, secrets: Iterable[Secret]) -> "Redactor":
        """Returns a new redactor that also replaces `secrets`. Of all added secrets, only the newest 8 are kept."""
        added = {secret.reveal(): secret for secret in (*reversed(self._more), *secrets)}
        return Redactor(self._secrets, tuple(reversed(added.values()))[:_MAX_ADDED])

    def __call__(self, text: str, limit: int = 2048) -> str:
        """Returns the str with secrets replaced by ***. Cuts it after `limit` characters and then appends "…"."""
        searched = text[:_MAX_SEARCHED]
        # Secrets are replaced before clipping, because a token that is cut in half would not be recognised.
        for pattern in self._all_patterns():
            searched = pattern.sub(REDACTED, searched)
        for pattern in _LIKELY:
            searched = pattern.sub(rf"\g<1>{REDACTED}", searched)
        if len(searched) <= limit < len(text):
            searched = searched.rpartition(REDACTED)[0]  # The text after the last *** may end with half of a secret.
        return searched if len(searched) <= limit else searched[:limit] + "…"

    def _all_patterns(self) -> tuple[re.Pattern[str], ...]:
        """Returns the patterns of all secrets, the longest first, because a secret may begin with a shorter secret."""
        if self._patterns is None:
            values = sorted({secret.reveal() for secret in (*self._secrets, *self._more)} - {""}, key=len, reverse=True)
            self._patterns = tuple(_in_any_writing(value) for value in values)
        return self._patterns


def short_rich_repr(value: object) -> list[tuple[str, object]]:
    """Returns the `repr` of an object for the library rich. Structs with secrets use it as their `__rich_repr__`.

    Without it, rich would show every field of the Struct, including the secrets.
    """
    return [("shown", repr(value))]


def _in_any_writing(value: str) -> re.Pattern[str]:
    """Returns a pattern that finds `value` as it is, percent-encoded, with JSON or HTML escapes, or in base64."""
    coded = value.encode("utf-8", "surrogatepass")
    inner = [b2a_base64(b"x" * shift + coded, newline=False).decode()[4 if shift else 0 : -4] for shift in range(3)]
    long_enough = [re.escape(form) for form in inner if len(form) >= _LEAST_BASE64]
    return re.compile("|".join(["".join(_letter(letter) for letter in value), *long_enough]), re.IGNORECASE)


def _letter(letter: str) -> str:
    number = ord(letter)
    percent = "".join(f"%{byte:02x}" for byte in letter.encode("utf-8", "surrogatepass"))
    escaped = f"\\\\+u{number:04x}|&#0*{number};|&#x0*{number:x};|{percent}"
    named = _NAMED_IN_HTML.get(letter, "")
    return rf"(?:\\*{re.escape(letter)}|{escaped}{named})"
