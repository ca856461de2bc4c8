"""Decodes an answer field by field, which is slow, and keeps the fields that fit their type.

All other fields are reported as drift, which is how an answer differs from the documented schema.
"""

import re
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import Any, Final, NamedTuple, TypeGuard, TypeVar, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo

from paycombat_async._json.annotations import declared, is_struct, members
from paycombat_async._json.decoding import UndecodableData
from paycombat_async._protocol.drift import DriftKind, FieldIssue
from paycombat_async.schemas._base import EmptyObject, explain

S = TypeVar("S", bound=Struct)


class _Field(NamedTuple):
    name: str
    encode_name: str
    annotation: Any
    # A value of one of these types is kept without a call of `msgspec.convert`, which takes a microsecond per field.
    trivial_types: frozenset[Any]
    struct: type[Struct] | None
    item: Any
    known: type[StrEnum] | None
    is_identity: bool
    is_reference: bool  # True for a field with an id; an id that the answer has as an int becomes a str
    is_amount: bool


_MISSING: Final = object()
# The name of an unknown key is reported only if it matches this pattern. Other keys may be personal data, such as
# e-mail addresses, so "…" is reported instead.
_NAME: Final = re.compile(r"(?=.{1,48}\Z)_?[A-Za-z]+[0-9]{0,3}(?:_[A-Za-z]*[0-9]{0,3}[A-Za-z]*)*")
# In the examples on the provider's pages, many str fields have the value "string", and so do mock servers made from
# these examples. Therefore "string" is not reported as an unknown value.
_PLACEHOLDER: Final = "string"
_TRIVIAL_TYPES: Final[frozenset[Any]] = frozenset({str, bool, NoneType})


def decode_tolerantly(kind: type[S], value: object, path: str, notes: list[FieldIssue]) -> S:
    """Returns a Struct of type `kind` with those fields of `value` that fit their type.

    Appends an issue to `notes` for each field that does not fit, is unknown, has an unknown value, or is a missing id.
    Raises `UndecodableData` if `value` is not an object.
    """
    if not _is_object(value):
        raise UndecodableData(f"{path}: expected an object, got {type(value).__name__}")
    schema = _schema(kind)
    unknown = (key if _NAME.fullmatch(key) else "…" for key in value if key not in schema.names)
    notes.extend(FieldIssue(f"{path}.{key}", DriftKind.UNKNOWN_FIELD, "not in the schema") for key in unknown)
    kept: dict[str, object] = {}
    for field in schema.fields:
        found = value.get(field.encode_name, _MISSING)
        if type(found) not in field.trivial_types and found is not _MISSING:
            found = _keep(field, found, f"{path}.{field.encode_name}", notes)
        if found is not _MISSING:
            kept[field.name] = found
        if field.is_identity and not kept.get(field.name):
            where = f"{path}.{field.encode_name}"
            notes.append(FieldIssue(where, DriftKind.MISSING_IDENTITY, "the answer does not say which object it is"))
    return kind(**kept)


def _keep(field: _Field, value: object, path: str, notes: list[FieldIssue]) -> object:
    if field.struct is not None and _is_object(value):
        return decode_tolerantly(field.struct, value, path, notes)
    if field.item is not None and _is_array(value):
        return _keep_items(field.item, value, path, notes)
    try:
        kept = msgspec.convert(value if field.is_amount else _with_floats(value), field.annotation)
    except msgspec.ValidationError as error:
        problem = explain(error)[0]
    except RecursionError:
        problem = "nested too deeply"
    else:
        if not isinstance(kept, Decimal) or kept.is_finite():
            return _checked_known_value(field, kept, path, notes)
        problem = "expected an amount"
    if value == {}:
        return _MISSING  # the provider sends `{}` in place of null, even in fields where that is not documented
    notes.append(FieldIssue(path, DriftKind.WRONG_TYPE, problem))
    return str(value) if field.is_reference and type(value) is int else _MISSING


def _checked_known_value(field: _Field, kept: object, path: str, notes: list[FieldIssue]) -> object:
    if field.known is not None and kept not in {None, _PLACEHOLDER, *field.known}:
        notes.append(FieldIssue(path, DriftKind.UNKNOWN_VALUE, f"not among the known values of {field.known.__name__}"))
    return None if isinstance(kept, EmptyObject) else kept


def _with_floats(value: object) -> object:
    """Returns the decoded JSON with floats in place of Decimals, for fields that are no amounts.

    The fast decoder also reads only amounts as Decimals, so both decoders return the same types.
    """
    if isinstance(value, Decimal):
        return float(value)
    if _is_object(value):
        return {key: _with_floats(item) for key, item in value.items()}
    return [_with_floats(item) for item in value] if _is_array(value) else value


def _keep_items(kind: type[Struct], values: list[object], path: str, notes: list[FieldIssue]) -> list[Struct]:
    kept: list[Struct] = []
    for index, value in enumerate(values):
        where = f"{path}[{index}]"
        if _is_object(value):
            kept.append(decode_tolerantly(kind, value, where, notes))
        else:
            notes.append(FieldIssue(where, DriftKind.WRONG_TYPE, f"expected an object, got {type(value).__name__}"))
    return kept


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return type(value) is dict


def _is_array(value: object) -> TypeGuard[list[object]]:
    return type(value) is list


class _Schema(NamedTuple):
    fields: tuple[_Field, ...]
    names: frozenset[str]


@cache
def _schema(kind: type[Struct]) -> _Schema:
    fields = tuple(_field(info) for info in msgspec.structs.fields(kind))
    return _Schema(fields, frozenset(field.encode_name for field in fields))


def _field(info: FieldInfo) -> _Field:
    kinds = members(info.type)
    known, role = declared(info.type, "known"), declared(info.type, "role")
    items = (get_args(kind)[0] for kind in kinds if get_origin(kind) is list)
    return _Field(
        name=info.name,
        encode_name=info.encode_name,
        annotation=info.type,
        trivial_types=frozenset() if known else _TRIVIAL_TYPES.intersection(kinds),
        struct=next((kind for kind in kinds if is_struct(kind) and kind is not EmptyObject), None),
        item=next(filter(is_struct, items), None),
        known=known,
        is_identity=role == "identity",
        is_reference=role is not None,
        is_amount=Decimal in kinds,
    )
