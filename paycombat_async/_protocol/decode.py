"""Decodes the bytes of an answer into its Struct. A field of an unexpected type never turns a success into an error.

There are two ways. The fast path decodes the bytes directly into the Struct. The slow path decodes field by field, and
is used if the fast path fails or if drift is to be reported. Drift is how an answer differs from the documented schema.
The provider sends `{}` in place of null, so in a str field `{}` becomes None and is not drift.
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
    """Returns the value of type `kind` in `data`, and a list of its drift: how it differs from the documented schema.

    The list is None if the fast path has decoded the value, because the fast path does not look for differences. Raises
    `UndecodableData` if `data` cannot be decoded as such a value, not even field by field.
    """
    value: R | None = DECODERS[kind](data)
    if value is not None:
        return value, None
    return decode_page(kind, data, path, decode) if get_origin(kind) is Page else decode_with_drift(kind, data, path)


def _make_decoder(kind: Any) -> Callable[[bytes | Raw], Any]:
    if get_origin(kind) is Page:
        return _always_none  # page.py decodes lists, because their shape is not documented
    decode_json: Callable[[bytes | Raw], Any] = decoder(kind).decode
    normalize_nulls = null_normalizer(kind) if is_struct(kind) else _accept

    def read(data: bytes | Raw) -> Any:
        try:
            value = decode_json(data)
        except DECODE_ERRORS:
            return None
        return value if normalize_nulls(value) else None

    return read


# `DECODERS[kind](data)` returns the value, decoded on the fast path, or None if a field does not fit its annotation.
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
                return None  # The attempt below decodes numbers as floats, which would change amounts.
            wrapped, notes = decode_without_field(kind, body, error)
            if wrapped is None:
                return None
        except DECODE_ERRORS:
            return None
        data = wrapped.data
        if not normalize_nulls(data) or wrapped.status is False or wrapped.success is False:
            return None
        # A second field "success" in the body may mean that the data is another envelope, which may report a failure.
        # `count` is called first, because it is much faster than the regular expression.
        flags, text = 0 if wrapped.success is None else 1, body if type(body) is bytes else bytes(body)
        if text.count(b'"success"') > flags and len(_FLAG.findall(text)) > flags:
            return None
        return data, wrapped.request_id, notes

    return read


# `ENVELOPE_DECODERS[kind](body)` decodes the envelope of a successful answer in one pass. It returns the tuple
# `(data, request id, drift)`. It returns None, so that the caller decodes in the slow way, in any of these cases:
# - The body is not such an envelope.
# - The object has no id, or has an amount that is not finite.
# - More than one field does not fit its annotation, or one field does not fit and the type has amounts.
# - The type has no id field. An envelope inside the envelope could then be mistaken for an object without data.
ENVELOPE_DECODERS: Final = ByType(_make_envelope_decoder)


def _always_none(_data: object) -> None:
    """Takes the place of the fast decoder for a type that has none.

    Returns None for any data, so that the caller decodes in the slow way.
    """


def _accept(_value: object) -> bool:
    return True


@cache
def amount_fields(kind: type[Struct]) -> tuple[str, ...]:
    """Returns the names of the type's fields that hold an amount of money."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if Decimal in members(field.type))


def decode_with_drift(kind: type[R], data: bytes | Raw, path: str = "$") -> tuple[R, list[FieldIssue] | None]:
    """Checks every field in `data` for drift. Returns the value in `data` and a list of its drift.

    Raises `UndecodableData` if `data` cannot be decoded as a value of type `kind`.
    """
    if get_origin(kind) is Page:
        return decode_page(kind, data, path, decode_with_drift)
    notes: list[FieldIssue] = []
    if not issubclass(kind, Struct):
        return decode_builtins(data), notes  # type: ignore[return-value]  # R is object here: every other type is a Struct or a Page
    try:
        tree = decode_builtins(data, exact=bool(amount_fields(kind)))
    except UndecodableData:
        # The undecodable part may be in an unknown field. The fast path skips unknown fields without decoding them.
        whole: R | None = DECODERS[kind](data)
        if whole is None:
            raise
        return whole, [FieldIssue(path, DriftKind.WRONG_TYPE, "holds something that cannot be read")]
    found: Any = decode_tolerantly(kind, tree, path, notes)
    return found, notes


@cache
def null_normalizer(kind: type[Struct]) -> Callable[[Any], bool]:
    """Returns a function that takes a decoded Struct of this type, and replaces each `{}` in it by None.

    The provider sends `{}` for a missing object. The function changes a frozen Struct in place, so pass only a Struct
    that was just decoded. The function returns True if the id of the Struct is not empty and its amounts are finite.
    The amounts must be checked, because msgspec decodes even "NaN" and "Infinity" as Decimals.
    """
    amounts = [field_expression("value", name) for name in amount_fields(kind)]
    demands = [f'{field_expression("value", name)} != ""' for name in identity_fields(kind)]
    demands += [f"({amount} is None or {amount}.is_finite())" for amount in amounts]
    lines = [*_null_statements(kind, "value"), f"return {' and '.join(demands) or True}"]
    return compile_function(
        "normalize_nulls", lines, {"EmptyObject": EmptyObject, "put": msgspec.structs.force_setattr}
    )


def _null_statements(kind: type[Struct], it: str) -> Iterator[str]:
    """Yields lines of Python that replace `{}` by None in a Struct of type `kind`, and in the Structs inside it.

    `it` is the name of the variable that holds the Struct when these lines run.
    """
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
    """Returns the names of the fields with the id of an object. The schema declares these fields as `Identity`."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if declared(field.type, "role") == "identity")
