"""Faults that make only the body of a response wrong. The status and the Content-Length stay correct."""

from codecs import BOM_UTF8
from dataclasses import replace
from typing import Any, Final

from paycombat_async.sandbox.faults.response import Change, Context, PlainResponse

# Levels of nested arrays in the fault `deep_nesting`. The fault must make decoding fail, and 200,000 levels would be
# too few: on Python 3.14, msgspec skips 200,000 levels in an unknown field without an error.
_DEPTH: Final = 400_000
_TEXTS: Final = frozenset({"description", "name", "first_name", "last_name", "message", "status_text"})
# A character that stands for bytes which are not valid JSON, so that the JSON encoder cannot write them. After
# encoding, these bytes replace the character.
_MARK: Final = "\ue000"


def empty(response: PlainResponse, _context: Context) -> PlainResponse:
    return replace(response, body=b"")


def as_array(response: PlainResponse, _context: Context) -> PlainResponse:
    return replace(response, body=b"[" + response.body + b"]")


def truncated(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with only the first half of its body. The Content-Length is that of this half."""
    return replace(response, body=response.body[: len(response.body) // 2])


def with_member(member: bytes) -> Change:
    """Returns a function that adds a JSON member at the beginning of a response's JSON object.

    A body that is not a JSON object, or is an empty one, is left unchanged.
    """

    def change(response: PlainResponse, _context: Context) -> PlainResponse:
        if not response.body.startswith(b'{"'):
            return response
        return replace(response, body=b"{" + member + b"," + response.body.removeprefix(b"{"))

    return change


not_a_number: Final = with_member(b'"not_a_number":NaN')
nested: Final = with_member(b'"deep":' + b"[" * _DEPTH + b"]" * _DEPTH)


def byte_order_mark(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with a UTF-8 byte order mark before its body, as the default encoding of .NET writes it."""
    return replace(response, body=BOM_UTF8 + response.body)


def with_text_end(end: bytes) -> Change:
    """Returns a function that appends bytes to the names, descriptions and messages in a response."""

    def change(response: PlainResponse, _context: Context) -> PlainResponse:
        document = response.document
        if document is None:
            return response
        marked = response.with_document(_marked(document))
        return replace(marked, body=marked.body.replace(_MARK.encode(), end))

    return change


# the first half of an emoji, as when JavaScript's `slice` cuts a text inside it
lone_surrogate: Final = with_text_end(b"\\ud83d")
raw_tab: Final = with_text_end(b"\t")  # a control character, which is invalid in a JSON string unless it is escaped
latin_1: Final = with_text_end(b"\xe9")  # "é" in Latin-1, as an old database may send it; it is not valid UTF-8


# Any: the value and the result are any decoded JSON.
def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(item) for item in value]  # pyright: ignore[reportUnknownVariableType]  # decoded JSON
    if isinstance(value, dict):
        return {
            name: item + _MARK if name in _TEXTS and isinstance(item, str) else _marked(item)
            for name, item in value.items()  # pyright: ignore[reportUnknownVariableType]  # decoded JSON
        }
    return value
