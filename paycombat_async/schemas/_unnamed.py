"""Moves the keys of plain data that a request Struct does not name into its `extra`."""

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

# Names this similar differ by about one letter: `acount_number` is `account_number`, but `account_name` is not.
_SAME: Final = 0.9


def with_extra(kind: type[Struct], data: Any, path: str = "$") -> Any:
    """Returns the data of a request with the keys that `kind` does not name in `extra`, at every level that has one.

    What is invalid is left as it is: a value that is no mapping, a key that is no str, a key where there is no `extra`.

    A float in `extra` becomes the Decimal with the same digits if these are at most 15, as JSON decoders make a float
    of an amount. Any other float stays, and is refused when the request is encoded.

    Raises `InvalidRequest` for a key that is nearly the name of a field that is missing, since it is a typing error,
    and for one that the data's own `extra` has, too.
    """
    if not _is_mapping(data):
        return data  # refused with the rest
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
        return found | unnamed  # refused with the rest
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
    """Returns JSON data with its floats as Decimals, save those with more digits than an amount has.

    What is nested deeper than JSON may be sent stays as it is: it may contain itself.
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
    """The names of a Struct's fields in JSON, each with the Struct that it may hold."""
    return {field.encode_name: struct_in(field.type) for field in msgspec.structs.fields(kind)}
