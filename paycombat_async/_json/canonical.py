"""Canonical JSON: bytes that JavaScript's `JSON.stringify(JSON.parse(body))` gives back unchanged.

The provider's sample code signs `JSON.stringify(data)`. The provider's pages do not say whether the server hashes the
body as received, or first parses and prints it again. A signature of canonical bytes is valid in both cases. A value
without a canonical form is refused with an error that names the path of the field, but not the value.
"""

from collections.abc import Callable
from functools import cache
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct, UnsetType

from paycombat_async._json.annotations import ByType, is_struct, members
from paycombat_async._json.codegen import compile_function, field_expression
from paycombat_async._json.javascript import MAX_SAFE_INTEGER
from paycombat_async._json.normalize import MAX_DEPTH, check_struct_options, normalize

_JSON_SAFE_TYPES = {str, bool, NoneType, UnsetType}
_encode = msgspec.json.Encoder().encode
# msgspec raises these errors for values that it cannot encode, such as a lone surrogate. The errors do not name the
# field. After such an error, the function `normalize` is called, because its error names the field.
_ENCODE_ERRORS = (TypeError, ValueError, OverflowError, RecursionError)
# `is_json_safe` does not know at which level of the request a field is. It assumes level 8, because no field of a
# Struct is deeper. Therefore it accepts no value that is nested deeper than MAX_DEPTH, and refuses some values that are
# nested a little less deeply. For a refused value, `normalize` counts the levels exactly.
_DEPTH = 8


def canonical_json(value: object) -> bytes:
    """Returns the canonical JSON of a Struct, or of dicts and lists, as the bytes that are both signed and sent.

    Fields that are `UNSET` are left out. The members of a Struct's `extra` follow its typed fields. Floats and Decimals
    are written as JavaScript writes numbers. Keys that look like array indices come first, in ascending order. This
    function does not check whether a Struct's values fit its annotations; a client checks that when it sends the
    Struct.

    Raises `InvalidRequest` with the field's path for NaN, infinity, numbers that a double cannot hold,
    integers beyond ±(2^53-1), lone surrogates, the key `__proto__`, keys that are not str, more than 32 nested levels,
    and types that JSON does not have.
    """
    try:
        body = _ENCODERS[type(value)](value)
    except _ENCODE_ERRORS:
        body = None
    return body or _encode_normalized(value)


def encode_trusted(value: object) -> bytes | None:
    """Returns the canonical JSON of a value that was already checked, or None if it contains a lone surrogate."""
    try:
        return _encode(value)
    except _ENCODE_ERRORS:
        return None


def _encode_normalized(value: Any) -> bytes:
    return _encode(normalize(value, "$", 1))


def _compile_encoder(kind: type[Struct]) -> Callable[[Any], bytes | None]:
    if not is_struct(kind):
        return lambda _value: None
    lines: list[str] = []
    for name in _fields_to_check(kind):
        lines += [
            line.format(field_expression("value", name))
            for line in (_RETURN_IF_SET if name == "extra" else _RETURN_UNLESS_SAFE)
        ]
    names = {"UNSET": UNSET, "encode": _encode, "is_json_safe": is_json_safe}
    return compile_function("write", [*lines, "return encode(value)"], names)


# `_ENCODERS[type(value)](value)` returns the JSON of a Struct if msgspec prints it as JavaScript does, and else None.
_ENCODERS: Final = ByType(_compile_encoder)

_RETURN_IF_SET = ("if {} is not UNSET: return None",)
# Most values in metadata are str. A str is tested inline, because function calls would take a third of the encoding
# time.
_RETURN_UNLESS_SAFE = (
    "it = {}",
    "if type(it) is dict and '__proto__' not in it:",
    "    for key, item in it.items():",
    "        if type(item) is not str or type(key) is not str or key < ':':",
    "            if is_json_safe(it): break",
    "            return None",
    "elif it is not UNSET and not is_json_safe(it): return None",
)


@cache
def _fields_to_check(kind: type[Struct]) -> tuple[str, ...]:
    """Returns the names of the fields whose JSON may differ between msgspec and JavaScript.

    In most requests, only `extra` and `metadata` are such fields.
    """
    check_struct_options(kind)
    return tuple(field.name for field in msgspec.structs.fields(kind) if not _is_json_safe_type(field.type))


def _is_json_safe_type(annotation: object) -> bool:
    return all(map(_is_json_safe_member, members(annotation)))


def _is_json_safe_member(member: Any) -> bool:
    if get_origin(member) is Literal:
        return all(type(value) is str for value in get_args(member))
    return not _fields_to_check(member) if is_struct(member) else member in _JSON_SAFE_TYPES


def is_json_safe_object(value: Any, depth: int = _DEPTH) -> bool:
    """Returns True only if `value` is a dict for which msgspec certainly writes the same JSON as JavaScript.

    False means that the JSON may differ. In this case the caller uses `normalize`, which checks every value.
    """
    # Most values are str. A str is tested inline, because function calls would take a third of the encoding time.
    if value.__class__ is not dict:
        return False
    for key, item in value.items():
        if type(key) is not str or (key < ":" and key >= "0"):  # a key that begins with a digit may be an array index
            return False
        if type(item) is not str and not is_json_safe(item, depth + 1):
            return False
    return "__proto__" not in value


def is_json_safe(value: Any, depth: int = _DEPTH) -> bool:
    """Returns True only if msgspec certainly prints `value` as JavaScript does.

    False means that the JSON may differ. In this case the caller uses `normalize`, which checks every value.
    """
    kind: type[object] = value.__class__
    if kind is str or kind is bool or value is None or value is UNSET:
        return True
    if kind is int:
        return bool(-MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER)
    if depth > MAX_DEPTH:
        return False
    if kind is list:
        return all(is_json_safe(item, depth + 1) for item in value)
    return is_json_safe_object(value, depth)
