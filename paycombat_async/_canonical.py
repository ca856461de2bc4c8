"""Canonical JSON: bytes that JavaScript's `JSON.stringify(JSON.parse(body))` gives back unchanged.

The provider's sample signs `JSON.stringify(data)`, and the record does not say whether its server hashes the body as
received or parses and prints it again. Bytes that are a fixed point of that are right either way. What cannot be made
one is refused with the field's path, never its value.
"""

from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct, UnsetType

from paycombat_async._careful import (
    MAX_DEPTH,
    MAX_SAFE_INTEGER,
    check_plain,
    rewritten,
)

S = TypeVar("S", bound=Struct)

_HARMLESS = {str, bool, NoneType, UnsetType}
_encode = msgspec.json.Encoder().encode


class _Plan(Struct, frozen=True):
    """What of a Struct type needs a look before encoding: for most requests, only `metadata`."""

    looked_at: tuple[str, ...]
    has_extra: bool


# A dict, since a cached function costs three times as much.
_plans: dict[type, _Plan] = {}


def canonical_json(value: object) -> bytes:
    """The canonical body of a Struct, or of plain JSON data: what is signed is what is sent.

    Fields that are `UNSET` are left out; a Struct's `extra` is spliced in behind its typed fields. Floats and Decimals
    are written as JavaScript writes numbers; keys that look like array indices come first, in ascending order. A Struct
    is trusted to hold what its annotations say; sending it through a client checks that too.

    Raises `InvalidRequest` with the field's path for NaN, infinity, numbers a double does not hold, integers beyond
    ±(2^53-1), lone surrogates, the key `__proto__`, keys that are no text, more than 32 levels, and other types.
    """
    plan = _plans.get(type(value))
    if plan is None:
        return _unknown_json(value)
    if plan.has_extra and getattr(value, "extra") is not UNSET:  # noqa: B009  # a Struct type that has it
        return _careful_json(value)
    for name in plan.looked_at:
        item: Any = getattr(value, name)
        if item is not UNSET and not is_plain_object(item):
            return _careful_json(value)
    try:
        return _encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        pass  # a lone surrogate, or what the field's type should have kept out: the careful way names the field
    return _careful_json(value)


def plain_json(value: Struct) -> bytes:
    """As `canonical_json`, for a Struct that is known to need no look."""
    try:
        return _encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        pass  # a lone surrogate, or what the field's type should have kept out: the careful way names the field
    return _careful_json(value)


def _unknown_json(value: object) -> bytes:
    """Of plain data, or of a Struct type that comes for the first time."""
    if not isinstance(value, Struct):
        return _encode(rewritten(value, "$", 1))
    kind = type(value)
    _plans[kind] = _Plan(_looked_at(kind), "extra" in kind.__struct_fields__)
    return canonical_json(value)


def _careful_json(value: Any) -> bytes:
    return _encode(rewritten(value, "$", 1))


def without_extra(request: S) -> S:
    """The request with its typed fields only, on every level; the same object if it has no others."""
    changes: dict[str, object] = {}
    for name in request.__struct_fields__:
        item = getattr(request, name)
        if name == "extra" and item is not UNSET:
            changes[name] = UNSET
        elif isinstance(item, Struct) and (typed := without_extra(item)) is not item:
            changes[name] = typed
    return msgspec.structs.replace(request, **changes) if changes else request


@cache
def _looked_at(kind: type[Struct]) -> tuple[str, ...]:
    """The fields of a Struct type that can hold something troublesome: for most requests, only `metadata`."""
    check_plain(kind)
    fields = msgspec.structs.fields(kind)
    return tuple(field.name for field in fields if field.name != "extra" and not _is_harmless(field.type))


def _is_harmless(annotation: object) -> bool:
    origin = get_origin(annotation)
    if origin is Literal:
        return all(type(value) is str for value in get_args(annotation))
    if origin is Annotated:
        return _is_harmless(get_args(annotation)[0])
    if origin is Union or origin is UnionType:
        return all(_is_harmless(member) for member in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return "extra" not in annotation.__struct_fields__ and not _looked_at(annotation)
    return annotation in _HARMLESS


def _is_plain(value: Any, depth: int) -> bool:
    """Whether msgspec writes this as JavaScript does, seen at a glance. False means: look closer."""
    kind: type[object] = value.__class__
    if kind is str or kind is bool or value is None or value is UNSET:
        return True
    if kind is int:
        return bool(-MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER)
    if depth > MAX_DEPTH:
        return False
    if kind is dict:
        return is_plain_object(value, depth)
    return kind is list and all(_is_plain(item, depth + 1) for item in value)


def is_plain_object(value: Any, depth: int = 2) -> bool:
    # No calls for text, which is what metadata holds: it is a third of what encoding costs.
    if value.__class__ is not dict:
        return _is_plain(value, depth)
    for key in value:
        if type(key) is not str or (key < ":" and key >= "0"):  # a letter is decided by the first comparison
            return False
    for item in value.values():
        if type(item) is not str and not _is_plain(item, depth + 1):
            return False
    return "__proto__" not in value
