"""Sees at a glance that a request is right: half the price of decoding it again, which is left to the doubtful ones.

A glance may say "doubtful" of something right, never "right" of something wrong.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from paycombat_async._json.canonical import is_plain_object
from paycombat_async._json.codegen import of, written_out
from paycombat_async._json.javascript import MAX_SAFE_INTEGER
from paycombat_async._json.normalize import check_plain

Test: TypeAlias = Callable[[Any], bool]


class _Glances(dict[type[Struct], Test]):
    """The test of each Struct type, made when it is first asked for; a cached function would cost three times this."""

    def __missing__(self, kind: type[Struct]) -> Test:
        self[kind] = _struct_test(kind)
        return self[kind]


# `GLANCE[type(request)](request)`: whether every field but `extra` holds what its annotation allows, beyond doubt.
GLANCE: Final = _Glances()


def _struct_test(kind: type[Struct]) -> Test:
    check_plain(kind)
    names: dict[str, object] = {"UNSET": UNSET, "is_plain_object": is_plain_object}
    lines: list[str] = []
    for field in msgspec.structs.fields(kind):
        if field.name == "extra":
            continue
        wanted, is_optional = _wanted(field.type)
        wrong = _wrong(wanted, field.name, names)
        lines += [
            f"it = {of('value', field.name)}",
            f"if {'it is not UNSET and ' * is_optional}({wrong}): return False",
        ]
    return written_out("is_right", [*lines, "return True"], names)


def _wanted(annotation: Any) -> tuple[Any, bool]:
    """The one type an annotation wants, and whether it allows UNSET; `object` for several, which are all doubtful."""
    if get_origin(annotation) in {Annotated, Literal, Mapping}:
        return annotation, False
    members = get_args(annotation) or (annotation,)
    wanted = [member for member in members if member is not UnsetType]
    return wanted[0] if len(wanted) == 1 else object, len(wanted) < len(members)


def _wrong(wanted: Any, name: str, names: dict[str, object]) -> str:
    """What is to be said of `it`, the field's value, where it is wrong or doubtful. Adds to `names` what that needs."""
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted is str:
        return "type(it) is not str"
    if origin is Mapping:
        return "not is_plain_object(it)"
    if origin is Literal and all(type(word) is str for word in arguments):
        names[f"words_of_{name}"] = frozenset(arguments)
        return f"type(it) is not str or it not in words_of_{name}"
    if origin is Annotated and arguments[0] is str and len(arguments) == 2:
        return _badly_sized(arguments[1])
    if isinstance(wanted, type) and issubclass(wanted, Struct) and "extra" not in wanted.__struct_fields__:
        names |= {f"kind_of_{name}": wanted, f"is_right_{name}": GLANCE[wanted]}
        return f"type(it) is not kind_of_{name} or not is_right_{name}(it)"
    return "True"


def _badly_sized(meta: Any) -> str:
    if meta != Meta(min_length=meta.min_length, max_length=meta.max_length):
        return "True"
    return f"type(it) is not str or not {meta.min_length or 0} <= len(it) <= {meta.max_length or MAX_SAFE_INTEGER}"
