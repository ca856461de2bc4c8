"""Finds the code and the message in an error answer, in any of the usual fields: no error body is documented.

Finmo, the provider's upstream, sends `{"error": {"code": 406, "name": "NOT_ACCEPTABLE", "message": ["…", "…"]}}`.
"""

from typing import Any, Final, TypeGuard

import msgspec

from paycombat_async.schemas.envelope import Envelope

_CODE_KEYS: Final = ("code", "error_code", "errorCode", "name", "type")
_MESSAGE_KEYS: Final = ("message", "messages", "msg", "detail", "details", "description", "error", "reason", "title")
_DEEPEST: Final = 4  # levels of nested objects and lists; a deeper part goes into the message as JSON


def error_code(envelope: Envelope) -> str | None:
    """Returns the provider's error code as str, from the envelope or its error object; None if there is none."""
    candidates = (envelope.code, *(_member(error, _CODE_KEYS) for error in (envelope.error, envelope.errors)))
    return next((text for value in candidates if (text := _as_text(value))), None)


def error_message(envelope: Envelope) -> str | None:
    """Returns the provider's human-readable message, several joined with "; "; None if there is none."""
    candidates = (envelope.message, envelope.error, envelope.errors, envelope.status_text)
    return next((text for value in candidates if (text := _words(value, 0))), None)


def _words(value: object, depth: int) -> str | None:
    if depth < _DEEPEST and _is_list(value):
        return "; ".join(text for item in value if (text := _words(item, depth + 1))) or None
    if depth < _DEEPEST and _is_object(value):
        found = (_words(value.get(key), depth + 1) for key in _MESSAGE_KEYS)
        code = _member(value, _CODE_KEYS)
        return next((text for text in found if text), None) or (_as_text(value) if code is None else _as_text(code))
    return _as_text(value)


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, bool) or value in ({}, []):
        return None
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _member(value: object, keys: tuple[str, ...]) -> object:
    """Returns the object's value for the first of these keys that it has, else None; looks into a list's first item."""
    holder = value[0] if _is_list(value) and value else value
    if not _is_object(holder):
        return None
    return next((holder[key] for key in keys if holder.get(key) is not None), None)


# The values of the dict are Any because they are decoded JSON.
def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
