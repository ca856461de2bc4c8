"""Finds the code and the message in an error answer. Searches all usual fields, because no error body is documented.

Finmo, the provider's upstream, sends `{"error": {"code": 406, "name": "NOT_ACCEPTABLE", "message": ["…", "…"]}}`.
"""

from typing import Any, Final, TypeGuard

import msgspec

from paycombat_async._json.decoding import UndecodableData, decode_builtins
from paycombat_async.schemas.envelope import Envelope

_CODE_KEYS: Final = ("code", "error_code", "errorCode", "name", "type")
_MESSAGE_KEYS: Final = (
    "message",
    "messages",
    "msg",
    "detail",
    "details",
    "description",
    "error",
    "errors",
    "reason",
    "title",
)
_NESTED_KEYS: Final = ("error", "errors")
# An object or list that is nested deeper than this number of levels is shown in the message as JSON.
_DEEPEST: Final = 4


def error_code(envelope: Envelope) -> str | None:
    """Returns the provider's error code as str, from the envelope or its error object, or None if it is missing."""
    candidates = (_as_code(envelope.code), _code_in(envelope.error), _code_in(envelope.errors))
    return next((code for code in candidates if code), None)


def error_message(envelope: Envelope, body: bytes) -> str | None:
    """Returns the provider's error message, or None if it is missing. Several messages are joined with "; ".

    `body` is the whole answer, whose other fields are searched, too, such as `detail` (RFC 9457).
    """
    candidates = (envelope.message, envelope.error, envelope.errors, envelope.status_text)
    return next((text for value in candidates if (text := _words(value, 0))), None) or _message_beside(body)


def _message_beside(body: bytes) -> str | None:
    try:
        found = decode_builtins(body)
    except UndecodableData:
        return None
    texts = (_words(found.get(key), 0) for key in _MESSAGE_KEYS) if _is_object(found) else ()
    return next((text for text in texts if text), None)


def _words(value: object, depth: int) -> str | None:
    if depth < _DEEPEST and _is_list(value):
        return "; ".join(text for item in value if (text := _words(item, depth + 1))) or None
    if depth < _DEEPEST and _is_object(value):
        found = (_words(value.get(key), depth + 1) for key in _MESSAGE_KEYS)
        return next((text for text in found if text), None) or _code_in(value) or _as_text(value)
    return _as_text(value)


def _code_in(value: object, depth: int = 0) -> str | None:
    """Returns the code in a decoded error, or None if it has none. Of a list of errors, only the first is searched.

    If the error itself has no code, the errors nested in it are searched.
    """
    holder = value[0] if _is_list(value) and value else value
    if not _is_object(holder) or depth > _DEEPEST:
        return None
    own = next((code for key in _CODE_KEYS if (code := _as_code(holder.get(key)))), None)
    return own or next((code for key in _NESTED_KEYS if (code := _code_in(holder.get(key), depth + 1))), None)


def _as_code(value: object) -> str | None:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, bool) or value in ({}, []):
        return None
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


# The values of the dict are Any because they are decoded JSON.
def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
