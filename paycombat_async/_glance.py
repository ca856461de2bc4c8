"""Sees at a glance that a request is right: half the price of decoding it again, which is left to the doubtful ones.

A Struct's fields are mostly text: their types are compared all at once. The few others have a test each. A glance may
say "doubtful" of something right, never "right" of something wrong.
"""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from paycombat_async._canonical import is_plain_object
from paycombat_async._careful import check_plain

Test: TypeAlias = Callable[[Any], bool]

_are_texts: Final = frozenset({str, UnsetType}).issuperset
# How deep an object within a request is taken to stand: deeper than any does, so that the doubtful way finds the rest.
_DEPTH: Final = 8
_astuple: Final = msgspec.structs.astuple


class _Glances(dict[type[Struct], Test]):
    """The test of each Struct type, made when it is first asked for; a cached function would cost three times this."""

    def __missing__(self, kind: type[Struct]) -> Test:
        self[kind] = _struct_test(kind, ())
        return self[kind]


# `GLANCE[type(request)](request)`: whether every field but `extra` holds what its annotation allows, beyond doubt.
GLANCE: Final = _Glances()


def _struct_test(kind: type[Struct], besides: tuple[Any, ...]) -> Test:
    """The test of a Struct type, made once. Written for speed: it runs for every call, over every field."""
    check_plain(kind)
    every = enumerate(msgspec.structs.fields(kind))
    fields = [(index, _members(field.type)) for index, field in every if field.name != "extra"]
    pick = _picker([index for index, members in fields if _is_text(members[0])])
    required = tuple((index, _test(*members)) for index, members in fields if len(members) == 1)
    optional = tuple(
        (index, _test(*members)) for index, members in fields if len(members) > 1 and members[0] is not str
    )

    def test(value: Any) -> bool:
        if type(value) is not kind:
            return value in besides
        values = _astuple(value)
        if not _are_texts(map(type, pick(values))):
            return False
        for index, is_allowed in required:
            if not is_allowed(values[index]):
                return False
        for index, is_allowed in optional:
            item = values[index]
            if item is not UNSET and not is_allowed(item):
                return False
        return True

    def test_of_texts(value: Any) -> bool:
        return _are_texts(map(type, _astuple(value))) if type(value) is kind else value in besides

    return test if required or optional else test_of_texts


def _picker(indices: list[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Takes these values out of all; as a slice, which is the fastest, where they stand together."""
    if not indices:
        return itemgetter(slice(0, 0))
    first, last = indices[0], indices[-1]
    is_one_block = indices == list(range(first, last + 1))
    return itemgetter(slice(first, last + 1)) if is_one_block else itemgetter(*indices, last)


def _is_text(wanted: Any) -> bool:
    if get_origin(wanted) is Annotated:
        return get_args(wanted)[0] is str
    return wanted is str or (get_origin(wanted) is Literal and all(type(word) is str for word in get_args(wanted)))


def _test(wanted: Any, *besides: Any) -> Test:
    """What is to be seen of a field beyond its being text or unset. `besides` is UNSET where that is allowed."""
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted is str and not besides:
        return lambda value: value is not UNSET
    if origin is Literal and _is_text(wanted):
        return frozenset((*arguments, *besides)).__contains__
    if origin is Annotated and _is_text(wanted) and not besides:
        return _bounded_text(*arguments[1:])
    if origin is Mapping:
        return lambda value: is_plain_object(value, _DEPTH) if type(value) is dict else value in besides
    if isinstance(wanted, type) and issubclass(wanted, Struct) and "extra" not in wanted.__struct_fields__:
        return _struct_test(wanted, besides)
    return lambda _value: False


def _bounded_text(meta: Any, *more: Any) -> Test:
    if more or meta != Meta(min_length=meta.min_length, max_length=meta.max_length):
        return lambda _value: False
    least, most = meta.min_length or 0, meta.max_length or 2**31
    return lambda value: value is not UNSET and least <= len(value) <= most


def _members(annotation: Any) -> tuple[Any, ...]:
    """The one type an annotation wants, and UNSET if it allows that; of any other kind, what no test knows."""
    if get_origin(annotation) in {Annotated, Literal, Mapping}:
        return (annotation,)
    members = get_args(annotation) or (annotation,)
    wanted = tuple(member for member in members if member is not UnsetType)
    return (wanted[0] if len(wanted) == 1 else object, *(() if len(wanted) == len(members) else (UNSET,)))
