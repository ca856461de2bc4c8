"""Canonical JSON: bytes that JavaScript's `JSON.stringify(JSON.parse(body))` gives back unchanged.

The provider's sample signs `JSON.stringify(data)`, and the record does not say whether its server hashes the body as
received or parses and prints it again. Bytes that are a fixed point of that are right either way. What cannot be made
one is refused with the field's path, never its value.
"""

from collections.abc import Callable
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct, UnsetType

from paycombat_async._json.codegen import of, written_out
from paycombat_async._json.javascript import MAX_SAFE_INTEGER
from paycombat_async._json.normalize import MAX_DEPTH, check_plain, rewritten

S = TypeVar("S", bound=Struct)

_HARMLESS = {str, bool, NoneType, UnsetType}
_encode = msgspec.json.Encoder().encode
# For a lone surrogate, or what a field's type should have kept out: the careful way names the field.
_UNWRITABLE = (TypeError, ValueError, OverflowError, RecursionError)
# How deep a field's object is taken to stand: deeper than any does, so that the careful way finds out about the rest.
_DEPTH = 8


class _Writers(dict[type, Callable[[Any], bytes | None]]):
    """Functions that write a Struct of a type if it can be written as it is; each made when first asked for.

    A dict, since a cached function costs three times as much.
    """

    def __missing__(self, kind: type) -> Callable[[Any], bytes | None]:
        self[kind] = _writer(kind) if issubclass(kind, Struct) else lambda _value: None
        return self[kind]


_WRITERS = _Writers()


def canonical_json(value: object) -> bytes:
    """The canonical body of a Struct, or of plain JSON data: what is signed is what is sent.

    Fields that are `UNSET` are left out; a Struct's `extra` is spliced in behind its typed fields. Floats and Decimals
    are written as JavaScript writes numbers; keys that look like array indices come first, in ascending order. A Struct
    is trusted to hold what its annotations say; sending it through a client checks that too.

    Raises `InvalidRequest` with the field's path for NaN, infinity, numbers a double does not hold, integers beyond
    ±(2^53-1), lone surrogates, the key `__proto__`, keys that are no text, more than 32 levels, and other types.
    """
    try:
        body = _WRITERS[type(value)](value)
    except _UNWRITABLE:
        body = None
    return body or _careful_json(value)


def plain_json(value: object) -> bytes:
    """As `canonical_json`, for a Struct that is known to need no care."""
    try:
        return _encode(value)
    except _UNWRITABLE:
        pass
    return _careful_json(value)


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


def _writer(kind: type[Struct]) -> Callable[[Any], bytes | None]:
    lines: list[str] = []
    for name in _looked_at(kind):
        lines += [line.format(of("value", name)) for line in (_NOTHING if name == "extra" else _HARMLESS_DATA)]
    names = {"UNSET": UNSET, "encode": _encode, "is_plain": is_plain}
    return written_out("write", [*lines, "return encode(value)"], names)


_NOTHING = ("if {} is not UNSET: return None",)
# Metadata holds texts under names: for these, a call for each field or value would be a third of what encoding costs.
_HARMLESS_DATA = (
    "it = {}",
    "if type(it) is dict and '__proto__' not in it:",
    "    for key, item in it.items():",
    "        if type(item) is not str or type(key) is not str or key < ':':",
    "            if is_plain(it): break",
    "            return None",
    "elif it is not UNSET and not is_plain(it): return None",
)


@cache
def _looked_at(kind: type[Struct]) -> tuple[str, ...]:
    """The fields that can hold something troublesome: for most requests, only `extra` and `metadata`."""
    check_plain(kind)
    return tuple(field.name for field in msgspec.structs.fields(kind) if not _is_harmless(field.type))


def _is_harmless(annotation: object) -> bool:
    origin = get_origin(annotation)
    if origin is Literal:
        return all(type(value) is str for value in get_args(annotation))
    if origin is Annotated:
        return _is_harmless(get_args(annotation)[0])
    if origin is Union or origin is UnionType:
        return all(_is_harmless(member) for member in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return not _looked_at(annotation)
    return annotation in _HARMLESS


def is_plain_object(value: Any, depth: int = _DEPTH) -> bool:
    """Whether this is a dict that msgspec writes as JavaScript does, seen at a glance. False means: look closer."""
    # No calls for text, which is what metadata holds: it is a third of what encoding costs.
    if value.__class__ is not dict:
        return False
    for key in value:
        if type(key) is not str or (key < ":" and key >= "0"):  # a letter is decided by the first comparison
            return False
    for item in value.values():
        if type(item) is not str and not is_plain(item, depth + 1):
            return False
    return "__proto__" not in value


def is_plain(value: Any, depth: int = _DEPTH) -> bool:
    """The same of any value."""
    kind: type[object] = value.__class__
    if kind is str or kind is bool or value is None or value is UNSET:
        return True
    if kind is int:
        return bool(-MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER)
    if depth > MAX_DEPTH:
        return False
    if kind is list:
        return all(is_plain(item, depth + 1) for item in value)
    return is_plain_object(value, depth)
