"""Reads the type annotations of Structs' fields. Also has `ByType`, a cache for objects that are made once per type."""

from collections.abc import Callable
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from msgspec import Meta, Struct

V = TypeVar("V")


class ByType(dict[Any, V], Generic[V]):
    """A dict from types to the results of `make(type)`. The first look-up of a type calls `make`.

    A look-up takes a third of the time of a call with `functools.cache`.
    """

    def __init__(self, make: Callable[[Any], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, kind: Any) -> V:
        self[kind] = self._make(kind)
        return self[kind]


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Returns the members of a union, including the members of unions inside it. An `Annotated` member stays as it is.

    Returns a tuple with only the annotation itself if the annotation is not a union.
    """
    if get_origin(annotation) in {Union, UnionType}:
        return tuple(part for member in get_args(annotation) for part in alternatives(member))
    return (annotation,)


def members(annotation: Any) -> tuple[Any, ...]:
    """Returns the types that the annotation allows. Unions are split and `Annotated` is removed; `list[X]` stays."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    parts = alternatives(annotation)
    return parts if parts == (annotation,) else tuple(part for member in parts for part in members(member))


def struct_in(annotation: Any) -> type[Struct] | None:
    """Returns the first Struct type that the annotation allows, or None if it allows no Struct."""
    return next((member for member in members(annotation) if is_struct(member)), None)


def is_struct(kind: Any) -> bool:
    """Whether this is a Struct class. False for an instance, and for a generic alias such as `Page[X]`."""
    return isinstance(kind, type) and issubclass(kind, Struct)


def declared(annotation: Any, fact: str) -> Any:
    """Returns a value from an annotation: 5 for `Annotated[str, Meta(extra={"size": 5})]` and `fact="size"`.

    Returns None if the annotation has no such key.
    """
    metas = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    extras = (meta.extra for meta in metas if isinstance(meta, Meta) and meta.extra is not None)
    return next((extra[fact] for extra in extras if fact in extra), None)
