"""Changes that make only the body of a response wrong. Status and Content-Length stay correct."""

from codecs import BOM_UTF8
from dataclasses import replace
from typing import Any, Final

from paycombat_async.sandbox.faults.response import Change, Context, PlainResponse

# On Python 3.14, msgspec skips 200 000 levels of an unknown field without an error.
_DEPTH: Final = 400_000
_TEXTS: Final = frozenset({"description", "name", "first_name", "last_name", "message", "status_text"})
# This character marks the places for invalid bytes in the document, because the encoder writes only valid JSON. After
# encoding, the invalid bytes replace it.
_MARK: Final = "\ue000"


def empty(response: PlainResponse, _context: Context) -> PlainResponse:
    return replace(response, body=b"")


def as_array(response: PlainResponse, _context: Context) -> PlainResponse:
    return replace(response, body=b"[" + response.body + b"]")


def truncated(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with the first half of its body, and with the Content-Length of this half."""
    return replace(response, body=response.body[: len(response.body) // 2])


def with_member(member: bytes) -> Change:
    """Returns a function that inserts a member at the beginning of a JSON object, and leaves other bodies unchanged."""

    def change(response: PlainResponse, _context: Context) -> PlainResponse:
        if not response.body.startswith(b'{"'):
            return response
        return replace(response, body=b"{" + member + b"," + response.body.removeprefix(b"{"))

    return change


not_a_number: Final = with_member(b'"not_a_number":NaN')
nested: Final = with_member(b'"deep":' + b"[" * _DEPTH + b"]" * _DEPTH)


def byte_order_mark(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with a byte order mark before its body, as .NET's default encoding writes it."""
    return replace(response, body=BOM_UTF8 + response.body)


def with_text_end(end: bytes) -> Change:
    """Returns a function that appends these bytes to names, descriptions and messages. Other texts stay unchanged."""

    def change(response: PlainResponse, _context: Context) -> PlainResponse:
        document = response.document
        if document is None:
            return response
        marked = response.with_document(_marked(document))
        return replace(marked, body=marked.body.replace(_MARK.encode(), end))

    return change


lone_surrogate: Final = with_text_end(b"\\ud83d")  # the first half of an emoji that JavaScript's `slice` has cut in two
raw_tab: Final = with_text_end(b"\t")  # a control character, which JSON allows only as an escape
latin_1: Final = with_text_end(b"\xe9")  # "é" in Latin-1, as an old database may send it; it is not valid UTF-8


# Any: a JSON document.
def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(item) for item in value]  # pyright: ignore[reportUnknownVariableType]  # decoded JSON
    if isinstance(value, dict):
        return {
            name: item + _MARK if name in _TEXTS and isinstance(item, str) else _marked(item)
            for name, item in value.items()  # pyright: ignore[reportUnknownVariableType]  # decoded JSON
        }
    return value
