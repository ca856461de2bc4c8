"""Decodes the bytes of an answer into its Struct; a field of an unexpected type never makes a success an error.

The fast path decodes directly into the Struct. Where that fails, or drift is asked for, `decode_tolerantly` goes field
by field. `{}` in a text field is this provider's null: it becomes None on the fast path too, and is not drift.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeGuard, TypeVar, get_origin

import msgspec
from msgspec import Raw, Struct

from paycombat_async._json.annotations import ByType, declared, is_struct, members
from paycombat_async._json.codegen import compile_function, field_expression
from paycombat_async._json.decoding import DECODE_ERRORS, UndecodableData, decode_builtins, decoder
from paycombat_async._protocol.drift import DriftKind, FieldIssue
from paycombat_async._protocol.page import decode_page
from paycombat_async._protocol.partial_decode import decode_without_field, wrapped_in
from paycombat_async._protocol.salvage import decode_tolerantly
from paycombat_async.schemas._base import EmptyObject, Response
from paycombat_async.schemas.envelope import Page

R = TypeVar("R")

_FLAG: Final = re.compile(rb'"success"\s*:')


def decode(kind: type[R], data: bytes | Raw, path: str = "$") -> tuple[R, list[FieldIssue] | None]:
    """The value of type `kind` in `data`, and its drift; None if drift was not looked for.

    Raises `UndecodableData` if `data` is not such a value at all.
    """
    value: R | None = DECODERS[kind](data)
    if value is not None:
        return value, None
    return decode_page(kind, data, path, decode) if get_origin(kind) is Page else decode_with_drift(kind, data, path)


def _make_decoder(kind: Any) -> Callable[[bytes | Raw], Any]:
    if get_origin(kind) is Page:
        return _always_none  # the shape of a list is not documented: see page.py
    decode_json: Callable[[bytes | Raw], Any] = decoder(kind).decode
    normalize_nulls = null_normalizer(kind) if is_struct(kind) else _accept

    def read(data: bytes | Raw) -> Any:
        try:
            value = decode_json(data)
        except DECODE_ERRORS:
            return None
        return value if normalize_nulls(value) else None

    return read


# `DECODERS[kind](data)`: the value decoded on the fast path; None if any field does not fit its annotation.
DECODERS: Final = ByType(_make_decoder)


def _make_envelope_decoder(kind: Any) -> Callable[[bytes | Raw], Any]:
    if not is_struct(kind) or not identity_fields(kind):
        return _always_none
    decode_json: Callable[[bytes | Raw], Any] = decoder(wrapped_in(kind)).decode
    normalize_nulls, amounts = null_normalizer(kind), amount_fields(kind)

    def read(body: bytes | Raw) -> Any:
        notes: list[FieldIssue] | None = None
        try:
            wrapped = decode_json(body)
        except msgspec.ValidationError as error:
            if amounts:
                return None  # decoding without one field reads numbers as floats, which change amounts
            wrapped, notes = decode_without_field(kind, body, error)
            if wrapped is None:
                return None
        except DECODE_ERRORS:
            return None
        data = wrapped.data
        if not normalize_nulls(data) or wrapped.status is False or wrapped.success is False:
            return None
        # One flag more than the wrapping's own: the data may be a wrapping that says failure. Counting first is cheap.
        flags, text = int(wrapped.success is not None), bytes(body)
        if text.count(b'"success"') > flags and len(_FLAG.findall(text)) > flags:
            return None
        return data, wrapped.request_id, notes

    return read


# `ENVELOPE_DECODERS[kind](body)`: `(data, request_id, notes)` from a successful envelope, decoded in one pass. None if
# it is not one, if the identity is missing, or if more than one field does not fit. Only for responses with an identity
# field: without one, data in another envelope could be taken for an empty object.
ENVELOPE_DECODERS: Final = ByType(_make_envelope_decoder)


def _always_none(_data: object) -> None:
    """Returns None, so that the caller decodes field by field."""


def _accept(_value: object) -> bool:
    return True


@cache
def amount_fields(kind: type[Struct]) -> tuple[str, ...]:
    """The names of the fields that hold an amount of money."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if Decimal in members(field.type))


def decode_with_drift(kind: type[R], data: bytes | Raw, path: str = "$") -> tuple[R, list[FieldIssue] | None]:
    """The value in `data` and the complete list of its drift, from checking every field; raises `UndecodableData`."""
    if get_origin(kind) is Page:
        return decode_page(kind, data, path, decode_with_drift)
    notes: list[FieldIssue] = []
    if not issubclass(kind, Struct):
        return decode_builtins(data), notes  # type: ignore[return-value]  # R is object: the only other kind of answer
    try:
        tree = decode_builtins(data, exact=bool(amount_fields(kind)))
    except UndecodableData:
        whole: R | None = DECODERS[kind](data)  # the fast path skips unknown fields, whatever they hold
        if whole is None:
            raise
        return whole, [FieldIssue(path, DriftKind.WRONG_TYPE, "holds something that cannot be read")]
    found: Any = decode_tolerantly(kind, tree, path, notes)
    return found, notes


@cache
def null_normalizer(kind: type[Struct]) -> Callable[[Any], bool]:
    """A function that replaces `{}` by None in a Struct of this type, in place, and says whether the Struct is usable.

    It mutates frozen Structs, which is safe only for one that was just decoded. Usable means that it has its identity
    and that its amounts are finite: msgspec takes the texts NaN and Infinity for Decimals, too.
    """
    amounts = [field_expression("value", name) for name in amount_fields(kind)]
    demands = [f'{field_expression("value", name)} != ""' for name in identity_fields(kind)]
    demands += [f"({amount} is None or {amount}.is_finite())" for amount in amounts]
    lines = [*_null_statements(kind, "value"), f"return {' and '.join(demands) or True}"]
    return compile_function(
        "normalize_nulls", lines, {"EmptyObject": EmptyObject, "put": msgspec.structs.force_setattr}
    )


def _null_statements(kind: type[Struct], it: str) -> Iterator[str]:
    """The statements that replace `{}` by None in the variable `it`, a Struct of this type, and inside it."""
    for field in msgspec.structs.fields(kind):
        kinds, found = members(field.type), field_expression(it, field.name)
        if EmptyObject in kinds:
            yield f'if type({found}) is EmptyObject: put({it}, "{field.name}", None)'
        for part in filter(_is_response, kinds):
            inner = f"{it}_"
            yield f"{inner} = {found}"
            yield f"if {inner} is not None:"
            yield from (f"    {line}" for line in (*_null_statements(part, inner), "pass"))


def _is_response(member: Any) -> TypeGuard[type[Response]]:
    return isinstance(member, type) and issubclass(member, Response)


@cache
def identity_fields(kind: type[Struct]) -> tuple[str, ...]:
    """The names of the fields that say which object an answer is about: those declared as `Identity`."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if declared(field.type, "role") == "identity")
