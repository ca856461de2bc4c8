"""The base class of all requests and answers, with a repr without personal data and methods that return plain data."""

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
    """Returns a JSON number with a fraction or exponent as int or float, or as str if a float would round it."""
    nearest, exact = float(digits), Decimal(digits)
    if Decimal(repr(nearest)) != exact:
        return digits
    # `repr` writes the fewest digits that identify a float. From 1e23 on, these digits may be another integer than the
    # value of the float: `int(1e23)` is 99999999999999991611392.
    return int(nearest) if nearest.is_integer() and int(nearest) == exact else nearest


_PLAIN: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_plain_number)


# With `gc=False`, the garbage collector does not track these Structs, because decoded JSON has no reference cycles.
# Decoding is 6 % faster, and during a batch the collector runs only a fifth as often.
class Data(Struct, frozen=True, kw_only=True, gc=False):
    """The base class of requests, answers and their parts.

    Programs log these objects, and error reporters show them as local variables. Therefore a repr shows only the class,
    and the ids and statuses in the fields named in `_shown`. `to_dict()` returns all data. The classes can be types of
    pydantic fields. In FastAPI they can be response models, return annotations and types of `Body()`.
    """

    _shown: ClassVar[tuple[str, ...]] = ()

    def to_dict(self, *, exclude: Iterable[str] = ()) -> dict[str, object]:
        """Returns the data as nested dicts and lists of str, int, float, bool and None.

        For a request, this is the data that is sent: fields with the value `UNSET` are left out, and the members of
        `extra` follow the fields. For an answer, a field is None if the provider left it out or sent null. A `Decimal`
        becomes an int or float with the same digits. If no float has the exact digits of a `Decimal` in an answer, this
        `Decimal` becomes a str instead. `exclude` has the names of fields to leave out at the top level.

        Raises `InvalidRequest` if a request cannot be written as JSON. Raises `ValueError` if a name in `exclude` is
        unknown.
        """
        data: dict[str, object] = _PLAIN.decode(self._encode())
        return _without(data, exclude, self) if exclude else data

    def to_json(self) -> str:
        """Returns the data of `to_dict()` as JSON text. For a request, this is exactly the text that is sent.

        The Decimals of an answer are JSON numbers with all their digits. Raises `InvalidRequest` like `to_dict()`.
        """
        return self._encode().decode()

    def _encode(self) -> bytes:
        return _encode(self)

    @classmethod
    def _validate(cls, kind: Any, data: object) -> object:
        """Returns an object made from plain data. `kind` is this class, or `Page[...]` with the type of its items.

        Raises `InvalidRequest` or `ValueError` if the data is invalid.
        """
        raise NotImplementedError

    def __iter__(self) -> Iterator[tuple[str, object]]:
        """Yields the items of `to_dict()`.

        FastAPI's `jsonable_encoder` needs this method, because it calls `dict(object)`.
        """
        yield from self.to_dict().items()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type, handler: object) -> object:
        """Returns pydantic's schema for validation and serialization of this class. Only pydantic calls this method."""
        from paycombat_async.schemas._pydantic import core_schema_of  # noqa: PLC0415  # pydantic is optional

        return core_schema_of(source, cls._validate, handler)

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in self.__rich_repr__()]
        return f"{type(self).__name__}({', '.join([*shown, REDACTED])})"

    def __rich_repr__(self) -> list[tuple[str, object]]:  # overrides the method that msgspec gives every Struct
        """Returns the fields that the repr shows, as pairs of name and value. Fields that are not set are left out."""
        found = ((name, getattr(self, name)) for name in self._shown)
        return [(name, shown_value(value)) for name, value in found if value is not None and value is not UNSET]


def _without(data: dict[str, object], exclude: Iterable[str], value: Data) -> dict[str, object]:
    names = set(exclude)
    unknown = names - data.keys() - set(value.__struct_encode_fields__)
    if unknown:  # a misspelt name must raise an error, because the field that was meant would not be left out
        raise ValueError(f"{type(value).__name__} has no field {min(unknown)!r}")
    if "extra" in names:
        names |= data.keys() - set(value.__struct_encode_fields__)
    return {name: item for name, item in data.items() if name not in names}


def shown_value(value: object) -> object:
    """Returns the value as a repr shows it.

    An id or status is cut after 64 characters. Numbers and None are shown, and any other value becomes ***. A str with
    spaces or an @ is not shown, because a constructor does not check values, and an answer may contain personal data in
    any field.
    """
    shown: object = value.value if isinstance(value, Enum) else value
    if isinstance(shown, str) and _TOKEN.fullmatch(shown):
        return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
    return shown if shown is None or isinstance(shown, int | Decimal) else REDACTED
