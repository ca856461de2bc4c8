"""Moves the keys of plain data that the request Struct has no field for into its field `extra`."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeGuard

import msgspec
from msgspec import Struct

from paycombat_async._json.amounts import MAX_DIGITS, significant_digits
from paycombat_async._json.annotations import struct_in
from paycombat_async._json.normalize import MAX_DEPTH
from paycombat_async.errors import InvalidRequest

# Two names with this similarity (`difflib`'s ratio) differ by about one letter. So `acount_number` is taken for
# `account_number`, but `account_name` is not.
_SAME: Final = 0.9


def with_extra(kind: type[Struct], data: Any, path: str = "$") -> Any:
    """Returns the data of a request, in which the keys that `kind` has no field for are moved into `extra`.

    The keys are moved at every level of the data if the Struct at that level has a field `extra`. Data that is invalid
    stays unchanged, because the conversion to a Struct refuses it later: a value that is not a mapping, a key that is
    not a str, and an unknown key if the Struct has no field `extra`.

    A float in `extra` with at most 15 digits becomes the Decimal with the same digits, because JSON decoders turn
    amounts into floats. Any other float stays, and is refused when the request is encoded.

    Raises `InvalidRequest` for a key that is nearly the name of a missing field, because it is probably a typing error,
    and for an unknown key that is also in the `extra` of the data.
    """
    if not _is_mapping(data):
        return data  # the conversion to a Struct refuses it later
    parts = _parts(kind)
    found: dict[Any, object] = {}
    unnamed: dict[str, object] = {}
    for name, value in data.items():
        part = parts.get(name)
        if part is not None:
            found[name] = with_extra(part, value, f"{path}.{name}")
        else:
            (found if name in parts or not isinstance(name, str) else unnamed)[name] = value
    extra = found.get("extra", {})
    if "extra" not in parts or not _is_mapping(extra):
        return found | unnamed  # the conversion to a Struct refuses the unknown keys later
    _check(unnamed, extra, [name for name in parts if name not in data], path)
    if unnamed or extra:
        found["extra"] = {name: _exact(value) for name, value in (unnamed | dict(extra)).items()}
    return found


def _check(unnamed: Iterable[str], extra: Mapping[str, object], missing: Iterable[str], path: str) -> None:
    for name in unnamed:
        if name in extra:
            raise InvalidRequest(f"{path}: {name!r} is in `extra`, too", path=path)
        near = next((known for known in missing if _is_same_name(name, known)), None)
        if near is not None:
            raise InvalidRequest(
                f"{path}: object contains unknown field {name!r}; did you mean {near!r}? If not, give it in `extra`",
                path=path,
            )


def _is_same_name(written: str, known: str) -> bool:
    import difflib  # noqa: PLC0415  # importing it takes 4 ms, and few requests have unnamed keys

    plain = written.casefold().replace("_", "").replace("-", "")
    return plain == known.replace("_", "") or difflib.SequenceMatcher(None, written, known).ratio() >= _SAME


def _exact(value: object, depth: int = 0) -> object:
    """Returns the JSON data with Decimals in place of floats, except floats with more digits than an amount may have.

    Data that is nested too deeply to be sent is returned unchanged, because it may contain itself.
    """
    if isinstance(value, float):
        amount = Decimal(float.__repr__(value))
        return amount if amount.is_finite() and significant_digits(amount) <= MAX_DIGITS else value
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, list):
        return [_exact(item, depth + 1) for item in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # of any items
    return {name: _exact(item, depth + 1) for name, item in value.items()} if _is_mapping(value) else value


def _is_mapping(value: object) -> TypeGuard[Mapping[Any, object]]:
    return isinstance(value, Mapping)


@cache
def _parts(kind: type[Struct]) -> Mapping[str, type[Struct] | None]:
    """Returns a dict from the JSON name of each field of `kind` to the Struct type of the field's value.

    A field whose value is no Struct has None instead of the type.
    """
    return {field.encode_name: struct_in(field.type) for field in msgspec.structs.fields(kind)}
