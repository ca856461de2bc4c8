"""From the bytes of an answer to its Struct, without ever losing a success to an odd field.

The fast way decodes straight into the Struct. Where that fails, or drift is asked for, `_drift` goes field by field.
`{}` in a text field is this provider's null: it becomes None on the fast way, and is no drift.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, Final, TypeGuard, TypeVar, get_args, get_origin

import msgspec
from msgspec import Raw, Struct

from paycombat_async._drift import DriftKind, Note, Unreadable, salvage
from paycombat_async._lenient import UNDECODABLE, decoder, plain
from paycombat_async._page import read_page
from paycombat_async.schemas._base import EmptyObject, Response, explain
from paycombat_async.schemas.envelope import Page, Wrapped

R = TypeVar("R")

_astuple: Final = msgspec.structs.astuple
_set: Final = msgspec.structs.force_setattr


def read(kind: type[R], data: bytes | Raw, path: str = "$") -> tuple[R, list[Note] | None]:
    """The Struct in `data`, and what does not fit; None for the latter means that nobody looked closely.

    Raises `Unreadable` if nothing can be made of it.
    """
    if get_origin(kind) is Page:
        return read_page(kind, data, path, read)
    value = _decoded(kind, data)
    return read_closely(kind, data, path) if value is None else (value, None)


def _decoded(kind: type[R], data: bytes | Raw) -> R | None:
    """The fast way: None if anything is odd."""
    try:
        value = decoder(kind).decode(data)
    except UNDECODABLE:
        return None
    return None if isinstance(value, Struct) and not _made_clean(value) else value


class _Readers(dict[Any, Callable[[bytes], Any]]):
    """The reader of each response type, made when first asked for; a cached function would cost three times this."""

    def __missing__(self, kind: Any) -> Callable[[bytes], Any]:
        self[kind] = _wrapped_reader(kind)
        return self[kind]


# `READ_WRAPPED[kind](body)`: an object that knows which one it is, out of a wrapping that says success, in one go, with
# the request's id and the notes; None if it is anything else, or if more than a field of it is odd. Only for responses
# that say which object they are: one that came in another wrapping would not.
READ_WRAPPED: Final = _Readers()


def _wrapped_reader(kind: Any) -> Callable[[bytes], Any]:
    names = identities(kind) if _is_struct(kind) else ()
    if not names:
        return lambda _body: None
    wrapped_in: Any = Wrapped
    whole = wrapped_in[kind]
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(whole).decode
    clean, identity, amounts = _cleaner(kind), attrgetter(*names), amounts_of(kind)

    def read(body: bytes) -> Any:
        notes: list[Note] | None = None
        try:
            wrapped = decode(body)
        except msgspec.ValidationError as error:
            if amounts:
                return None  # this short cut reads numbers as floats
            wrapped, notes = _without_odd_field(whole, body, error)
            if wrapped is None:
                return None
        except UNDECODABLE:
            return None
        data = wrapped.data
        clean(data)
        if (
            not identity(data)
            or wrapped.status is False
            or wrapped.success is False
            or wrapped.status_code >= 400
            or (amounts and not _are_finite(data, amounts))
        ):
            return None
        return data, wrapped.request_id, notes

    return read


def _without_odd_field(whole: Any, body: bytes, error: msgspec.ValidationError) -> tuple[Any, list[Note]]:
    """The answer without the one field that does not fit, and a note of it; None if more is odd.

    A quarter of the price of going through all fields, and an answer that drifts does so in each call.
    """
    text, path = explain(error)
    names = path.split(".")[1:]
    if len(names) < 2 or names[0] != "data":
        return None, []
    try:
        tree: Any = decoder(object).decode(body)
        holder: Any = tree
        for name in names[:-1]:
            holder = holder[name]
        odd = holder.pop(names[-1])
        return msgspec.convert(tree, whole), [] if odd == {} else [Note(path, DriftKind.WRONG_TYPE, text)]
    except (KeyError, TypeError, AttributeError, *UNDECODABLE):
        return None, []


@cache
def amounts_of(kind: type[Struct]) -> tuple[str, ...]:
    """The fields that hold an amount of money."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if Decimal in get_args(field.type))


def _are_finite(value: Struct, amounts: tuple[str, ...]) -> bool:
    """Whether no amount is one of the texts NaN and Infinity, which are Decimals too."""
    found: list[Decimal | None] = [getattr(value, name) for name in amounts]
    return all(amount is None or amount.is_finite() for amount in found)


def _made_clean(value: Struct) -> bool:
    """Clears `{}` out of a freshly decoded Struct; says whether it knows which object it is, and its amounts."""
    _cleaner(type(value))(value)
    amounts = amounts_of(type(value))
    if amounts and not _are_finite(value, amounts):
        return False
    return "" not in [getattr(value, name) for name in identities(type(value))]


def read_closely(kind: type[R], data: bytes | Raw, path: str = "$") -> tuple[R, list[Note] | None]:
    """As `read`, looking at every field, so that the notes are complete."""
    if get_origin(kind) is Page:
        return read_page(kind, data, path, read_closely)
    notes: list[Note] = []
    if not issubclass(kind, Struct):
        return plain(data), notes  # type: ignore[return-value]  # R is object: the only other kind of answer
    try:
        tree = plain(data, exact=bool(amounts_of(kind)))
    except Unreadable:
        whole = _decoded(kind, data)  # a field nobody asked for may hold what only the fast way passes over
        if whole is None:
            raise
        return whole, [Note(path, DriftKind.WRONG_TYPE, "holds something that cannot be read")]
    found: Any = salvage(kind, tree, path, notes)
    return found, notes


@cache
def _cleaner(kind: type[Struct]) -> Callable[[Any], None]:
    """Puts None where the provider wrote `{}` for it, in Structs fresh from the decoder: nobody else holds them."""
    members = [(index, field.name, get_args(field.type)) for index, field in enumerate(msgspec.structs.fields(kind))]
    texts = tuple((index, name) for index, name, types in members if EmptyObject in types)
    parts = tuple((index, _cleaner(part)) for index, _, types in members for part in filter(_is_response, types))

    def clean(value: Any) -> None:
        values = _astuple(value)
        for index, name in texts:
            if type(values[index]) is EmptyObject:
                _set(value, name, None)
        for index, clean_part in parts:
            if values[index] is not None:
                clean_part(values[index])

    return clean


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _is_response(member: Any) -> TypeGuard[type[Response]]:
    return isinstance(member, type) and issubclass(member, Response)


@cache
def identities(kind: type[Struct]) -> tuple[str, ...]:
    """The fields that say which object it is: those with `""` as default."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if field.default == "")
