"""Bodies that are not what they should be, under a head that says nothing of it."""

from dataclasses import replace
from typing import Any, Final

from paycombat_async.sandbox.faults.response import Change, Plain, Scene

_DEPTH: Final = 100_000
_TEXTS: Final = frozenset({"description", "name", "first_name", "last_name", "message", "status_text"})
_MARK: Final = "\ue000"  # private use: nobody's text has it


def empty(plain: Plain, _scene: Scene) -> Plain:
    return replace(plain, body=b"")


def as_array(plain: Plain, _scene: Scene) -> Plain:
    return replace(plain, body=b"[" + plain.body + b"]")


def truncated(plain: Plain, _scene: Scene) -> Plain:
    """The first half, with a length that fits."""
    return replace(plain, body=plain.body[: len(plain.body) // 2])


def not_as_json(plain: Plain, _scene: Scene) -> Plain:
    """The right body, called something else."""
    return replace(plain, headers={**plain.headers, "Content-Type": "text/html; charset=iso-8859-1"})


def with_member(member: bytes) -> Change:
    """The object with one more member, in front. What is no object stays."""

    def change(plain: Plain, _scene: Scene) -> Plain:
        if not plain.body.startswith(b'{"'):
            return plain
        return replace(plain, body=b"{" + member + b"," + plain.body.removeprefix(b"{"))

    return change


not_a_number: Final = with_member(b'"not_a_number":NaN')
nested: Final = with_member(b'"deep":' + b"[" * _DEPTH + b"]" * _DEPTH)


def lone_surrogate(plain: Plain, _scene: Scene) -> Plain:
    """Half an emoji at the end of names and descriptions, as JavaScript's `slice` leaves it."""
    document = plain.document
    if document is None:
        return plain
    marked = plain.with_document(_marked(document))
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
