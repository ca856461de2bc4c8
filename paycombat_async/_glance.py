"""Sees at a glance that a request is right: half the price of decoding it again, which is left to the doubtful ones.

A Struct's fields are mostly text: their types are compared all at once. The few others have a test each. A glance may
say "doubtful" of something right, never "right" of something wrong.
"""

from collections.abc import Callable, Mapping
from functools import cache
from operator import itemgetter
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import FieldInfo

Test: TypeAlias = Callable[[Any], bool]

_TEXT_OR_UNSET: Final = frozenset({str, UnsetType})


class _Glance(NamedTuple):
    texts: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    others: tuple[tuple[int, Test], ...]


def is_right(value: Struct) -> bool:
    """Whether every field holds what its annotation allows, beyond doubt."""
    values = msgspec.structs.astuple(value)
    glance = _glance(type(value))
    if not _TEXT_OR_UNSET.issuperset(map(type, glance.texts(values))):
        return False
    for index, is_allowed in glance.others:  # noqa: SIM110  # a generator here costs as much as the rest
        if not is_allowed(values[index]):
            return False
    return True


@cache
def _glance(kind: type[Struct]) -> _Glance:
    fields = list(enumerate(msgspec.structs.fields(kind)))
    texts = [index for index, field in fields if set(_members(field.type)) == {str, UnsetType}]
    others = tuple((index, _test(field)) for index, field in fields if index not in texts)
    # itemgetter gives a tuple from two indices on; the last one twice does no harm.
    return _Glance(itemgetter(*texts, texts[-1]) if texts else _nothing, others)


def _nothing(_values: tuple[Any, ...]) -> tuple[Any, ...]:
    return ()


def _test(field: FieldInfo) -> Test:
    """One test per field: what is allowed besides UNSET, where UNSET itself is."""
    members = _members(field.type)
    wanted = next((member for member in members if member is not UnsetType), None)
    may_be_unset = UnsetType in members
    test = _test_of(wanted)
    return (lambda value: value is UNSET or test(value)) if may_be_unset else test


def _test_of(wanted: Any) -> Test:
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted is str:
        return lambda value: type(value) is str
    if origin is Literal:
        words = frozenset(arguments)
        return lambda value: type(value) is str and value in words
    if origin is Annotated and arguments[0] is str:
        return _bounded_text(*arguments[1:])
    if origin is Mapping:
        return lambda value: type(value) is dict  # what is in it was looked at when it was encoded
    if isinstance(wanted, type) and issubclass(wanted, Struct):
        return lambda value: type(value) is wanted and is_right(value)
    return lambda _value: False


def _bounded_text(meta: Any, *more: Any) -> Test:
    if more or not isinstance(meta, Meta) or meta != Meta(min_length=meta.min_length, max_length=meta.max_length):
        return lambda _value: False
    least, most = meta.min_length or 0, meta.max_length
    return lambda value: type(value) is str and least <= len(value) and (most is None or len(value) <= most)


def _members(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in {Annotated, Literal, Mapping}:
        return (annotation,)
    return get_args(annotation) or (annotation,)
