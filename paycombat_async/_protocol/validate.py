"""Checks a request before it is sent: constructors of Structs take anything, and nothing wrong may reach the wire."""

import enum
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct

from paycombat_async._json.decoding import decoder
from paycombat_async.errors import InvalidRequest
from paycombat_async.schemas._base import explain


def check(request: Struct, body: bytes) -> None:
    """Raises `InvalidRequest` naming the first field whose value its annotation does not allow.

    `body` is what the request's typed fields were encoded to. Decoding it against the Struct's own type checks all that
    JSON can show; the comparison then finds what encoding hides: bytes become text, a dict looks like a Struct.
    """
    try:
        again = decoder(type(request)).decode(body)
    except msgspec.ValidationError as error:
        text, path = explain(error)
    else:
        if again != request:
            _find_disguised(request, "$")
        return
    allowed = _allowed(type(request), path.split(".")[1:])
    raise InvalidRequest(f"{path}: {text}{allowed}", path=path)


def _find_disguised(value: Struct, path: str) -> None:
    for field in msgspec.structs.fields(type(value)):
        item = getattr(value, field.name)
        if item is UNSET or item is None or field.name == "extra":
            continue
        where = f"{path}.{field.encode_name}"
        part = _part(field.type)
        if part is not None and isinstance(item, part):
            _find_disguised(item, where)
        elif part is not None:
            raise InvalidRequest(f"{where}: expected {part.__name__}, got {type(item).__name__}", path=where)
        elif _takes_text(field.type) and not isinstance(item, str | bool | enum.Enum):
            raise InvalidRequest(f"{where}: expected text, got {type(item).__name__}", path=where)


def _part(annotation: Any) -> type[Struct] | None:
    members = get_args(annotation) or (annotation,)
    return next((m for m in members if isinstance(m, type) and issubclass(m, Struct)), None)


def _takes_text(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _takes_text(get_args(annotation)[0])
    return annotation is str or str in get_args(annotation)


def _allowed(kind: type[Struct], names: list[str]) -> str:
    """`: a, b` for a field that takes one of a few words, else nothing."""
    for name in names:
        field = next((field for field in msgspec.structs.fields(kind) if field.encode_name == name), None)
        if field is None:
            return ""
        members = (field.type, *get_args(field.type))
        words = [word for member in members if get_origin(member) is Literal for word in get_args(member)]
        if words:
            return ": " + ", ".join(map(str, words))
        kind = _part(field.type) or kind
    return ""
