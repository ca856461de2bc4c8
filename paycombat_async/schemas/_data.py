"""The base of all requests and answers: a repr without personal data, and plain data for web frameworks."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, Struct

from paycombat_async._secrets import REDACTED

_SHOWN = 64  # a repr shows at most this many characters of each value
_encode = msgspec.json.Encoder(decimal_format="number").encode
_TOKEN = re.compile(r"[\w.:/#-]*", re.ASCII)


def _plain_number(digits: str) -> int | float | str:
    """Returns a JSON number with a fraction or exponent as int or float, or as the str it is if a float would round."""
    nearest, exact = float(digits), Decimal(digits)
    if Decimal(repr(nearest)) != exact:
        return digits
    # From 1e23 on, a float such as 1e23 is not exactly the integer that its digits mean.
    return int(nearest) if nearest.is_integer() and int(nearest) == exact else nearest


_PLAIN: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_plain_number)


# `gc=False`: decoded JSON has no reference cycles, so the garbage collector need not track these Structs. That makes
# decoding 6 % faster and leaves a fifth of the collector's runs in a batch.
class Data(Struct, frozen=True, kw_only=True, gc=False):
    """Base of requests, answers and their parts.

    Programs log these objects, and error reporters show them as local variables, so a repr has only the class, ids and
    statuses: the fields named in `_shown`. All of the data is in `to_dict()`. The classes can be used as types of
    pydantic fields, and in FastAPI as response models, return annotations and types of `Body()`.
    """

    _shown: ClassVar[tuple[str, ...]] = ()

    def to_dict(self, *, exclude: Iterable[str] = ()) -> dict[str, object]:
        """Returns the data as plain JSON values: nested dicts and lists of str, int, float, bool and None.

        A request gives what is sent: fields left `UNSET` are not in it, and the members of `extra` follow the fields.
        In an answer, a field that the provider left out, or sent as null, is None. A `Decimal` becomes an int or float
        with the same digits; one of an answer that no float holds exactly becomes a str. `exclude` names fields to
        leave out at the top level.

        Raises `InvalidRequest` for a request that cannot be written as JSON, and `ValueError` for an unknown name in
        `exclude`.
        """
        data: dict[str, object] = _PLAIN.decode(self._encode())
        return _without(data, exclude, self) if exclude else data

    def to_json(self) -> str:
        """Returns the data as JSON with the content of `to_dict()`; for a request, exactly what is sent.

        The Decimals of an answer are JSON numbers with all their digits. Raises `InvalidRequest` like `to_dict()`.
        """
        return self._encode().decode()

    def _encode(self) -> bytes:
        return _encode(self)

    @classmethod
    def _validate(cls, kind: Any, data: object) -> object:
        """Returns an object made from plain data. `kind` is this class, or `Page[...]` of a type.

        Raises `InvalidRequest` or `ValueError`.
        """
        raise NotImplementedError

    def __iter__(self) -> Iterator[tuple[str, object]]:
        """Yields the items of `to_dict()`, so that `dict(customer)` works, which FastAPI's `jsonable_encoder` calls."""
        yield from self.to_dict().items()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type, handler: object) -> object:
        """Returns how pydantic validates, serializes and describes this class. Only pydantic calls this method."""
        from paycombat_async.schemas._pydantic import core_schema_of  # noqa: PLC0415  # pydantic is optional

        return core_schema_of(source, cls._validate, handler)

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in self.__rich_repr__()]
        return f"{type(self).__name__}({', '.join([*shown, REDACTED])})"

    def __rich_repr__(self) -> list[tuple[str, object]]:  # overrides the method that msgspec gives every Struct
        """The fields shown in a repr, as pairs of name and value, without those that are not set."""
        found = ((name, getattr(self, name)) for name in self._shown)
        return [(name, shown_value(value)) for name, value in found if value is not None and value is not UNSET]


def _without(data: dict[str, object], exclude: Iterable[str], value: Data) -> dict[str, object]:
    names = set(exclude)
    unknown = names - data.keys() - set(value.__struct_encode_fields__)
    if unknown:  # ignoring a misspelt name would show the field that should be left out
        raise ValueError(f"{type(value).__name__} has no field {min(unknown)!r}")
    if "extra" in names:
        names |= data.keys() - set(value.__struct_encode_fields__)
    return {name: item for name, item in data.items() if name not in names}


def shown_value(value: object) -> object:
    """Returns the value as a repr shows it: an id or status, clipped to 64 characters; *** for anything else.

    A constructor checks no values, and an answer may repeat anything, so a str with spaces or an @ is not shown.
    """
    shown: object = value.value if isinstance(value, Enum) else value
    if isinstance(shown, str) and _TOKEN.fullmatch(shown):
        return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
    return shown if shown is None or isinstance(shown, int | Decimal) else REDACTED
