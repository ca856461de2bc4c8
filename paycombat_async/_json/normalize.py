"""Normalizes a value so that msgspec prints it as JavaScript does. An error names the path of the refused value.

Floats and Decimals are written as JavaScript writes them. Keys that look like array indices are moved to the front.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any

from msgspec import UNSET, Raw, Struct

from paycombat_async._json.javascript import MAX_ARRAY_INDEX, MAX_SAFE_INTEGER, is_array_index, js_number
from paycombat_async.errors import InvalidRequest

MAX_DEPTH = 32


def check_struct_options(kind: type[Struct]) -> None:
    """Raises `InvalidRequest` for a Struct type with `tag`, `array_like` or `omit_defaults`, which change its JSON."""
    config = kind.__struct_config__
    if config.tag is not None or config.array_like or config.omit_defaults:
        raise InvalidRequest(f"$: {kind.__name__} is tagged, array_like or omit_defaults; a request is a plain Struct")


def normalize(value: Any, path: str, depth: int) -> object:
    """Returns the value in a form that msgspec prints as JavaScript does.

    Raises `InvalidRequest`, which names `path`, if the value has no such form or is nested too deeply. `depth` is the
    level at which the value is nested, with 1 for the outermost value.
    """
    kind: type[object] = value.__class__
    normalizer = _NORMALIZERS.get(kind) or next(
        (function for family, function in _ABSTRACT_TYPES if issubclass(kind, family)), None
    )
    if normalizer is None:
        raise InvalidRequest(f"{path}: {kind.__name__} has no form in JSON", path=path)
    if depth > MAX_DEPTH and normalizer in _CONTAINERS:
        raise InvalidRequest(f"{path}: nested deeper than {MAX_DEPTH} levels", path=path)
    return normalizer(value, path, depth)


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
        name = key if _is_ascii(key) else _text(key, path, depth)
        if name in written:
            raise InvalidRequest(f"{path}: holds two keys of the same text", path=path)
        item = value[key]
        written[name] = item if _is_ascii(item) else normalize(item, child_path(path, name), depth + 1)
    if any(map(is_array_index, written)):
        return {name: written[name] for name in sorted(written, key=_key_order)}
    return written


def _is_ascii(value: object) -> bool:
    """Whether this is a `str` with ASCII characters only.

    Most values are such a `str`, which needs no further check.
    """
    return type(value) is str and value.isascii()


def child_path(path: str, key: str) -> str:
    """Returns the path of an object's member, such as `$.metadata.note`, in a form that is safe to log.

    The path contains at most 64 characters of the key, with "?" in place of unprintable characters.
    """
    return f"{path}." + "".join(letter if letter.isprintable() else "?" for letter in key[:64])


def _key_order(key: str) -> int:
    """Returns the sort key that gives an object's members the order that JavaScript gives them.

    Keys that are array indices, such as "12", come first, by number. All other keys have the same sort key, so a stable
    sort leaves them in their order.
    """
    return int(key) if is_array_index(key) else MAX_ARRAY_INDEX + 1


def _array(value: list[Any] | tuple[Any, ...], path: str, depth: int) -> list[object]:
    return [normalize(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]


def _struct(value: Struct, path: str, depth: int) -> dict[str, object]:
    """Returns the fields of a Struct that are set, and after them the members of its `extra`, all normalized."""
    check_struct_options(type(value))
    written: dict[str, object] = {}
    for name, item in _present(value):
        written[name] = item if _is_ascii(item) else normalize(item, f"{path}.{name}", depth + 1)
    extra: Any = getattr(value, "extra", UNSET)
    return written if extra is UNSET else written | _extra(value, extra, f"{path}.extra", depth)


def _extra(value: Struct, extra: Any, path: str, depth: int) -> dict[str, object]:
    """Returns the normalized members of `extra`, checked more strictly than metadata because a member may be an amount.

    Raises `InvalidRequest` for a float (an int or Decimal is needed), for a key that JavaScript would move to the
    front, and for a key that is a field of the Struct.
    """
    if not issubclass(extra.__class__, Mapping):
        raise InvalidRequest(f"{path}: expected a mapping, got {type(extra).__name__}", path=path)
    for key in extra:
        if key in value.__struct_fields__:
            raise InvalidRequest(f"{path}.{key}: pass it as the field {key!r} instead", path=f"{path}.{key}")
    written = _object(extra, path, depth)
    _refuse_inexact(extra, path)
    return written


def _refuse_inexact(value: Any, path: str) -> None:
    kind: type[object] = value.__class__
    if issubclass(kind, float):
        raise InvalidRequest(f"{path}: float in extra; pass int, Decimal or text", path=path)
    if issubclass(kind, Enum):
        _refuse_inexact(value.value, path)
    elif issubclass(kind, Mapping | Struct):
        for key, item in _present(value) if issubclass(kind, Struct) else value.items():
            where = child_path(path, key)
            if is_array_index(key):
                raise InvalidRequest(f"{where}: JavaScript would move this key; choose another", path=where)
            _refuse_inexact(item, where)
    elif issubclass(kind, list | tuple):
        for index, item in enumerate(value):
            _refuse_inexact(item, f"{path}[{index}]")


def _present(value: Struct) -> Iterator[tuple[str, object]]:
    """Yields the JSON key and the value of each field that is set, except `extra`."""
    for name, encoded in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
        item = getattr(value, name)
        if item is not UNSET and name != "extra":
            yield encoded, item


def _enum(value: Enum, path: str, depth: int) -> object:
    return normalize(value.value, path, depth)


def _identity(value: object, _path: str, _depth: int) -> object:
    return value


_NORMALIZERS: dict[type, Callable[[Any, str, int], object]] = {
    str: _text,
    bool: _identity,
    NoneType: _identity,
    int: _integer,
    float: _float,
    Decimal: _decimal,
    dict: _object,
    list: _array,
    tuple: _array,
}
_ABSTRACT_TYPES: tuple[tuple[type, Callable[[Any, str, int], object]], ...] = (
    (Struct, _struct),
    (Enum, _enum),
    (str, _text),
    (Mapping, _object),
)
_CONTAINERS = (_object, _array, _struct)
