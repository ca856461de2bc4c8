"""Bodies that are not what they should be, under a head that says nothing of it."""

from dataclasses import replace
from typing import Any, Final

from paycombat_async.sandbox.faults.response import Change, Context, PlainResponse

_DEPTH: Final = 100_000
_TEXTS: Final = frozenset({"description", "name", "first_name", "last_name", "message", "status_text"})
_MARK: Final = "\ue000"  # private use: nobody's text has it


def empty(response: PlainResponse, _scene: Context) -> PlainResponse:
    return replace(response, body=b"")


def as_array(response: PlainResponse, _scene: Context) -> PlainResponse:
    return replace(response, body=b"[" + response.body + b"]")


def truncated(response: PlainResponse, _scene: Context) -> PlainResponse:
    """The first half, with a length that fits."""
    return replace(response, body=response.body[: len(response.body) // 2])


def not_as_json(response: PlainResponse, _scene: Context) -> PlainResponse:
    """The right body, called something else."""
    return replace(response, headers={**response.headers, "Content-Type": "text/html; charset=iso-8859-1"})


def with_member(member: bytes) -> Change:
    """The object with one more member, in front. What is no object stays."""

    def change(response: PlainResponse, _scene: Context) -> PlainResponse:
        if not response.body.startswith(b'{"'):
            return response
        return replace(response, body=b"{" + member + b"," + response.body.removeprefix(b"{"))

    return change


not_a_number: Final = with_member(b'"not_a_number":NaN')
nested: Final = with_member(b'"deep":' + b"[" * _DEPTH + b"]" * _DEPTH)


def lone_surrogate(response: PlainResponse, _scene: Context) -> PlainResponse:
    """Half an emoji at the end of names and descriptions, as JavaScript's `slice` leaves it."""
    document = response.document
    if document is None:
        return response
    marked = response.with_document(_marked(document))
    return replace(marked, body=marked.body.replace(_MARK.encode(), b"\\ud83d"))


# Any: a JSON document.
def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(item) for item in value]  # pyright: ignore[reportUnknownVariableType]  # JSON
    if isinstance(value, dict):
        return {
            name: item + _MARK if name in _TEXTS and isinstance(item, str) else _marked(item)
            for name, item in value.items()  # pyright: ignore[reportUnknownVariableType]  # JSON
        }
    return value
