"""Reads the annotations of Structs' fields, and caches what is made for each type."""

from collections.abc import Callable
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from msgspec import Meta, Struct

V = TypeVar("V")


class ByType(dict[Any, V], Generic[V]):
    """The results of `make` by type, made on first use. A look-up costs a third of a call through `@cache`."""

    def __init__(self, make: Callable[[Any], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, kind: Any) -> V:
        self[kind] = self._make(kind)
        return self[kind]


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, each with its `Annotated`; of anything else, the annotation alone."""
    if get_origin(annotation) in {Union, UnionType}:
        return tuple(part for member in get_args(annotation) for part in alternatives(member))
    return (annotation,)


def members(annotation: Any) -> tuple[Any, ...]:
    """The types that a value may have: unions taken apart and `Annotated` removed; `list[X]` and `Literal` stay."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    parts = alternatives(annotation)
    return parts if parts == (annotation,) else tuple(part for member in parts for part in members(member))


def struct_in(annotation: Any) -> type[Struct] | None:
    """The first Struct among the types that a value may have."""
    return next((member for member in members(annotation) if is_struct(member)), None)


def is_struct(kind: Any) -> bool:
    """Whether this is a Struct type, not an instance and not `Page[X]`."""
    return isinstance(kind, type) and issubclass(kind, Struct)


def declared(annotation: Any, fact: str) -> Any:
    """The value of this key in the `extra` of `Annotated[..., Meta(extra={...})]`; None if it is not declared."""
    metas = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    extras = (meta.extra for meta in metas if isinstance(meta, Meta) and meta.extra is not None)
    return next((extra[fact] for extra in extras if fact in extra), None)
