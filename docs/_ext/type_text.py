"""Types of fields in words: what a user passes or receives."""

import re
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import Meta, UnsetType

from paycombat_async.schemas._base import EmptyObject

_PLAIN: Mapping[Any, str] = {
    str: "str",
    int: "int",
    bool: "bool",
    float: "float",
    bytes: "bytes",
    Decimal: "`Decimal`",
    type(None): "None",
    object: "any JSON value",
    Any: "anything",
}


def type_text(annotation: Any) -> str:
    """Returns a field's type in a few words, without `UNSET`: every field that is not required may be left out."""
    if isinstance(annotation, str):
        return f"`{re.sub(r'[a-z_]+[.]', '', annotation)}`"
    parts = [part for part in _parts(annotation) if part is not UnsetType and part is not EmptyObject]
    texts = list(dict.fromkeys(_one(part) for part in parts))
    return " or ".join(texts)


def _parts(annotation: Any) -> list[Any]:
    if get_origin(annotation) in {Union, types.UnionType}:
        return [part for one in get_args(annotation) for part in _parts(one)]
    return [annotation]


def _one(part: Any) -> str:
    origin, arguments = get_origin(part), get_args(part)
    if origin is Annotated:
        return _annotated(arguments[0], arguments[1:])
    if origin is Literal:
        return " or ".join('`""` to clear' if value == "" else f'`"{value}"`' for value in arguments)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return (
            "mapping" if arguments[0] is str and arguments[1] is object else f"mapping of {_joined(arguments, ' to ')}"
        )
    if origin in {list, tuple}:
        return f"{origin.__name__} of {_joined(arguments, ', ')}"
    if isinstance(part, typing.TypeVar):
        return "the endpoint's type"
    return _PLAIN.get(part) or f"`{getattr(part, '__name__', str(part))}`"


def _joined(arguments: tuple[Any, ...], between: str) -> str:
    return between.join(type_text(argument) for argument in arguments if argument is not ...)


def _annotated(inner: Any, metadata: tuple[Any, ...]) -> str:
    text = type_text(inner)
    for meta in metadata:
        if isinstance(meta, Meta):
            if meta.min_length is not None:
                text += f", {meta.min_length} to {meta.max_length} characters"
            known = (meta.extra or {}).get("known")
            if known is not None:
                text = f"{text}, see `{known.__name__}`"
    return text
