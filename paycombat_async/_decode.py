"""From the bytes of an answer to its Struct, without ever losing a success to an odd field.

The fast way decodes straight into the Struct. Where that fails, or drift is asked for, `_drift` goes field by field.
`{}` in a text field is this provider's null: it becomes None on the fast way, and is no drift.
"""

import re
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, TypeGuard, TypeVar, get_args, get_origin

import msgspec
from msgspec import Raw, Struct

from paycombat_async._drift import DriftKind, Note, Unreadable, salvage
from paycombat_async.schemas._base import EmptyObject, Response, explain
from paycombat_async.schemas.envelope import Page, Wrapped

R = TypeVar("R")

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_EMPTY = re.compile(rb"\{\s*\}")

# JavaScript makes half a surrogate pair of a name cut in the middle of an emoji, and msgspec then refuses the answer.
_LONE_SURROGATE = re.compile(
    rb"(?<!\\)((?:\\\\)*)"
    rb"(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)

# The shape of a list is on no record: a bare array, or one of the usual keys around it.
_ITEM_KEYS = ("data", "items", "results", "rows", "list", "records", "docs", "customers")
_TOTAL_KEYS = ("total", "total_count", "totalCount", "total_items", "total_records", "count")
_LIST_OR_OBJECT: msgspec.json.Decoder[list[Raw] | dict[str, Raw]] = msgspec.json.Decoder(list[Raw] | dict[str, Raw])


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def decoder(kind: type[R]) -> "msgspec.json.Decoder[R]":
    """The decoder of a type, built once and kept."""
    try:
        return _decoders[kind]
    except KeyError:
        return _decoders.setdefault(kind, msgspec.json.Decoder(kind))


def read(kind: type[R], data: bytes | Raw, path: str = "$") -> tuple[R, list[Note] | None]:
    """The Struct in `data`, and what does not fit; None for the latter means that nobody looked closely.

    Raises `Unreadable` if nothing can be made of it.
    """
    if get_origin(kind) is Page:
        return _read_page(kind, data, path, read)
    try:
        value = decoder(kind).decode(data)
    except UNDECODABLE:
        return read_closely(kind, data, path)
    if isinstance(value, Struct) and not _made_clean(value, data):
        return read_closely(kind, data, path)
    return value, None


def read_wrapped(kind: type[R], body: bytes) -> tuple[Wrapped[R], list[Note] | None] | None:
    """An object that knows which one it is, with its wrapping, in one go; None if more than a field of it is odd.

    Only for responses that say which object they are: one that came in another wrapping would not.
    """
    reader = _wrapped_readers.get(kind) or _wrapped_readers.setdefault(kind, _wrapped_reader(kind))
    found: tuple[Wrapped[R], list[Note] | None] | None = reader(body)
    return found


# A dict, since a cached function costs three times as much.
_wrapped_readers: dict[Any, Callable[[bytes], Any]] = {}


def _wrapped_reader(kind: Any) -> Callable[[bytes], Any]:
    names = identities(kind) if _is_struct(kind) else ()
    if not names:
        return lambda _body: None
    wrapped_in: Any = Wrapped
    whole = wrapped_in[kind]
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(whole).decode
    holds_empty, clean, identity = _EMPTY.search, _cleaner(kind), attrgetter(*names)

    def read(body: bytes) -> Any:
        notes: list[Note] | None = None
        try:
            wrapped = decode(body)
        except msgspec.ValidationError as error:
            wrapped, notes = _without_odd_field(whole, body, error)
        except UNDECODABLE:
            return None
        if wrapped is None:
            return None
        if holds_empty(body):
            clean(wrapped.data)
        return (wrapped, notes) if identity(wrapped.data) else None

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


def _made_clean(value: Struct, data: bytes | Raw) -> bool:
    """Clears `{}` out of a freshly decoded Struct; says whether it knows which object it is."""
    if _EMPTY.search(data):
        _cleaner(type(value))(value)
    return "" not in [getattr(value, name) for name in identities(type(value))]


def read_closely(kind: type[R], data: bytes | Raw, path: str = "$") -> tuple[R, list[Note] | None]:
    """As `read`, looking at every field, so that the notes are complete."""
    if get_origin(kind) is Page:
        return _read_page(kind, data, path, read_closely)
    notes: list[Note] = []
    value = plain(data)
    found: Any = salvage(kind, value, path, notes) if issubclass(kind, Struct) else value
    return found, notes


def plain(data: bytes | Raw) -> object:
    """The data as dicts and lists, lone surrogates repaired. Raises `Unreadable`."""
    try:
        return decoder(object).decode(data)
    except UNDECODABLE:
        pass  # perhaps only a lone surrogate
    try:
        return decoder(object).decode(repaired(bytes(data)))
    except UNDECODABLE:
        pass
    raise Unreadable("not JSON")


def repaired(text: bytes) -> bytes:
    """JSON with every lone surrogate escape replaced by U+FFFD. For answers only, never before verifying."""
    return _LONE_SURROGATE.sub(lambda found: found[1] + (found[2] or b"\\ufffd"), text)


def _read_page(
    kind: type[R], data: bytes | Raw, path: str, read_item: Callable[..., tuple[Struct, list[Note] | None]]
) -> tuple[R, list[Note] | None]:
    item_kind = get_args(kind)[0]
    raws, total = _items_and_total(data)
    items: list[Struct] = []
    notes: list[Note] = []
    looked = True
    for index, raw in enumerate(raws):
        where = f"{path}[{index}]"
        try:
            item, found = read_item(item_kind, raw, where)
        except Unreadable:
            notes.append(Note(where, DriftKind.WRONG_TYPE, "expected an object"))
        else:
            items.append(item)
            looked = looked and found is not None
            notes += found or []
    page: Any = kind(items=items, total=total)  # type: ignore[call-arg]  # R is some Page[...], seen above
    return page, notes if looked or notes else None


def _items_and_total(data: bytes | Raw) -> tuple[list[Raw], int | None]:
    try:
        found = _LIST_OR_OBJECT.decode(data)
    except UNDECODABLE:
        raise Unreadable("neither a list nor an object holding one") from None
    if not isinstance(found, dict):
        return found, None
    totals = (plain(found[key]) for key in _TOTAL_KEYS if key in found)
    total = next((total for total in totals if type(total) is int and total >= 0), None)
    for key in _ITEM_KEYS:
        if bytes(found.get(key, b"")).lstrip().startswith(b"["):
            return decoder(list[Raw]).decode(found[key]), total
    raise Unreadable("no list in it")


@cache
def _cleaner(kind: type[Struct]) -> Callable[[Any], None]:
    """Puts None where the provider wrote `{}` for it, in Structs fresh from the decoder: nobody else holds them."""
    members = {field.name: get_args(field.type) for field in msgspec.structs.fields(kind)}
    texts = [name for name, types in members.items() if EmptyObject in types]
    parts = [(name, _cleaner(kind)) for name, types in members.items() for kind in filter(_is_response, types)]

    def clean(value: Any) -> None:
        for name in texts:
            if type(getattr(value, name)) is EmptyObject:
                msgspec.structs.force_setattr(value, name, None)
        for name, clean_part in parts:
            part = getattr(value, name)
            if part is not None:
                clean_part(part)

    return clean


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _is_response(member: Any) -> TypeGuard[type[Response]]:
    return isinstance(member, type) and issubclass(member, Response)


@cache
def identities(kind: type[Struct]) -> tuple[str, ...]:
    """The fields that say which object it is: those with `""` as default."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if field.default == "")
