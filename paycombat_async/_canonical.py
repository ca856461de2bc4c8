"""Canonical JSON: bytes that JavaScript's `JSON.stringify(JSON.parse(body))` gives back unchanged.

The provider's sample signs `JSON.stringify(data)`, and the record does not say whether its server hashes the body as
received or parses and prints it again. Bytes that are a fixed point of that are right either way. What cannot be made
one is refused with the field's path, never its value.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from paycombat_async._js_number import js_number
from paycombat_async.errors import InvalidRequest

S = TypeVar("S", bound=Struct)

MAX_DEPTH = 32
MAX_SAFE_INTEGER = 2**53 - 1  # Number.MAX_SAFE_INTEGER: beyond it JavaScript changes digits
_MAX_ARRAY_INDEX = 2**32 - 2  # ECMA-262, 6.1.7: keys up to here are moved to the front
_ARRAY_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,9})\Z")
_HARMLESS = {str, bool, NoneType, UnsetType}
_ENCODER = msgspec.json.Encoder()


def canonical_json(value: object) -> bytes:
    """The canonical body of a Struct, or of plain JSON data: what is signed is what is sent.

    Fields that are `UNSET` are left out; a Struct's `extra` is spliced in behind its typed fields. Floats and Decimals
    are written as JavaScript writes numbers; keys that look like array indices come first, in ascending order. A Struct
    is trusted to hold what its annotations say; sending it through a client checks that too.

    Raises `InvalidRequest` with the field's path for NaN, infinity, numbers a double does not hold, integers beyond
    ±(2^53-1), lone surrogates, the key `__proto__`, keys that are no text, more than 32 levels, and other types.
    """
    if not isinstance(value, Struct):
        return _ENCODER.encode(_rewritten(value, "$", 1))
    extra: object = getattr(value, "extra", UNSET)
    if extra is UNSET:
        return typed_json(value)
    return splice_extra(value, typed_json(without_extra(value)), extra)


def without_extra(request: S) -> S:
    """The request with its typed fields only."""
    return msgspec.structs.replace(request, extra=UNSET)


def typed_json(request: Struct) -> bytes:
    """The canonical bytes of a Struct that has no `extra`."""
    for name in _looked_at(type(request)):
        if not _is_plain(getattr(request, name), 2):
            return _ENCODER.encode(_rewritten(request, "$", 1))
    try:
        return _ENCODER.encode(request)
    except (TypeError, ValueError, OverflowError, RecursionError):
        pass  # a lone surrogate, or what the field's type should have kept out: the walk below names the field
    return _ENCODER.encode(_rewritten(request, "$", 1))


def splice_extra(request: Struct, body: bytes, extra: Any) -> bytes:
    """`body` with the keys of `extra` behind its own.

    Money may travel in `extra`, so it is held to more than metadata is: no floats (pass int or Decimal), no keys that
    JavaScript would move, no key that the Struct has a field for.
    """
    if not issubclass(extra.__class__, Mapping):
        raise InvalidRequest(f"$.extra: expected a mapping, got {type(extra).__name__}", path="$.extra")
    for key in extra:
        if key in request.__struct_fields__:
            raise InvalidRequest(f"$.extra.{key}: pass it as the field {key!r} instead", path=f"$.extra.{key}")
    tail = _ENCODER.encode(_rewritten(extra, "$.extra", 1))
    _refuse_inexact(extra, "$.extra")
    return body[:-1] + (b"," if len(body) > 2 and len(tail) > 2 else b"") + tail[1:]


@cache
def _looked_at(kind: type[Struct]) -> tuple[str, ...]:
    """The fields of a Struct type that can hold something troublesome: for most requests, only `metadata`."""
    config = kind.__struct_config__
    if config.tag is not None or config.array_like or config.omit_defaults:
        raise InvalidRequest(f"$: {kind.__name__} is tagged, array_like or omit_defaults; a request is a plain Struct")
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
        return not _looked_at(annotation)
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
        return _is_plain_object(value, depth)
    return kind is list and all(_is_plain(item, depth + 1) for item in value)


def _is_plain_object(value: dict[Any, Any], depth: int) -> bool:
    # One loop and no calls for text, which is what metadata holds: it is half of what encoding costs.
    for key, item in value.items():
        if type(key) is not str or "0" <= key < ":" or key == "__proto__":
            return False
        if type(item) is not str and not _is_plain(item, depth + 1):
            return False
    return True


def _rewritten(value: Any, path: str, depth: int) -> object:
    """The value as what msgspec writes canonically; raises `InvalidRequest` where there is no such thing."""
    kind: type[object] = value.__class__
    writer = _WRITERS.get(kind) or next((write for family, write in _FAMILIES if issubclass(kind, family)), None)
    if writer is None:
        raise InvalidRequest(f"{path}: {kind.__name__} has no form in JSON", path=path)
    if depth > MAX_DEPTH and writer in _NESTING:
        raise InvalidRequest(f"{path}: nested deeper than {MAX_DEPTH} levels", path=path)
    return writer(value, path, depth)


def _text(value: str, path: str, _depth: int) -> str:
    try:
        return value if type(value) is str and value.isascii() else value.encode("utf-8").decode("utf-8")
    except UnicodeEncodeError:
        pass
    raise InvalidRequest(f"{path}: holds half of a surrogate pair, which UTF-8 cannot carry", path=path)


def _integer(value: int, path: str, _depth: int) -> int:
    if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return value
    raise InvalidRequest(f"{path}: integer beyond ±(2^53-1); pass it as text", path=path)


def _float(value: float, path: str, _depth: int) -> Raw:
    if not math.isfinite(value):
        raise InvalidRequest(f"{path}: NaN and infinity have no form in JSON", path=path)
    return Raw(js_number(value).encode())


def _decimal(value: Decimal, path: str, _depth: int) -> Raw:
    nearest = float(value) if value.is_finite() else math.nan
    if not math.isfinite(nearest):
        raise InvalidRequest(f"{path}: not a number that JSON can carry", path=path)
    text = js_number(nearest)
    if Decimal(text) != value:
        raise InvalidRequest(f"{path}: more digits than a JSON number carries exactly", path=path)
    return Raw(text.encode())


def _object(value: Mapping[Any, Any], path: str, depth: int) -> dict[str, object]:
    written: dict[str, object] = {}
    for key in value:
        if not isinstance(key, str) or key == "__proto__":
            raise InvalidRequest(f"{path}: holds a key that is no text, or '__proto__'", path=path)
        name = _text(key, path, depth)
        if name in written:
            raise InvalidRequest(f"{path}: holds two keys of the same text", path=path)
        written[name] = _rewritten(value[key], _step(path, name), depth + 1)
    return {name: written[name] for name in sorted(written, key=_key_order)}


def _step(path: str, key: str) -> str:
    """The path one key on, fit for a log: keys may come from anywhere."""
    return f"{path}." + "".join(letter if letter.isprintable() else "?" for letter in key[:64])


def _key_order(key: str) -> int:
    """Array indices by their number, all others behind them as they came (`sorted` is stable)."""
    return int(key) if _is_array_index(key) else _MAX_ARRAY_INDEX + 1


def _is_array_index(key: str) -> bool:
    return _ARRAY_INDEX.match(key) is not None and int(key) <= _MAX_ARRAY_INDEX


def _array(value: list[Any] | tuple[Any, ...], path: str, depth: int) -> list[object]:
    return [_rewritten(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]


def _struct(value: Struct, path: str, depth: int) -> dict[str, object]:
    _looked_at(type(value))
    return {name: _rewritten(item, f"{path}.{name}", depth + 1) for name, item in _present(value)}


def _present(value: Struct) -> Iterator[tuple[str, object]]:
    """The fields that are set, under their names on the wire."""
    names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
    return ((encoded, item) for name, encoded in names if (item := getattr(value, name)) is not UNSET)


def _enum(value: Enum, path: str, depth: int) -> object:
    return _rewritten(value.value, path, depth)


def _as_it_is(value: object, _path: str, _depth: int) -> object:
    return value


_WRITERS: dict[type, Callable[[Any, str, int], object]] = {
    str: _text,
    bool: _as_it_is,
    NoneType: _as_it_is,
    int: _integer,
    float: _float,
    Decimal: _decimal,
    dict: _object,
    list: _array,
    tuple: _array,
}
_FAMILIES: tuple[tuple[type, Callable[[Any, str, int], object]], ...] = (
    (Struct, _struct),
    (Enum, _enum),
    (str, _text),
    (Mapping, _object),
)
_NESTING = (_object, _array, _struct)


def _refuse_inexact(value: Any, path: str) -> None:
    kind: type[object] = value.__class__
    if issubclass(kind, float):
        raise InvalidRequest(f"{path}: float in extra; pass int, Decimal or text", path=path)
    if issubclass(kind, Enum):
        _refuse_inexact(value.value, path)
    elif issubclass(kind, Mapping | Struct):
        for key, item in _present(value) if issubclass(kind, Struct) else value.items():
            where = _step(path, key)
            if _is_array_index(key):
                raise InvalidRequest(f"{where}: JavaScript would move this key; choose another", path=where)
            _refuse_inexact(item, where)
    elif issubclass(kind, list | tuple):
        for index, item in enumerate(value):
            _refuse_inexact(item, f"{path}[{index}]")
