"""The bases of all request and response Structs, and the types that their fields share."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from paycombat_async._json.amounts import check_amounts
from paycombat_async._json.canonical import canonical_json
from paycombat_async.errors import InvalidRequest
from paycombat_async.schemas._data import Data
from paycombat_async.schemas._unnamed import with_extra

_AT_PATH = re.compile(r"(?s)(.*) - at (?:`key` in )?`(\$[^`]*)`\Z")
_ECHO = re.compile(r"(?s)Invalid enum value .*")


class Part(Data, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of Structs in requests. Fields left `UNSET` are not sent; `""` clears a field; `None` is refused.

    Constructors are fast because they check only names. Values are checked when the request is sent, or by
    `from_mapping`.
    """

    @classmethod
    def from_mapping(cls, data: Mapping[str, object]) -> Self:
        """Returns this Struct, made from plain data such as parsed JSON or a form, with all values checked.

        It takes back what `canonical_json` or `to_dict()` gives of a request. A key that the Struct does not name
        belongs to `extra`, where the Struct has one; it may also be in a mapping of that name. A key that is nearly the
        name of a missing field is refused as a typing error.

        An amount may be a Decimal, int or str here, or a float that has at most 15 significant digits, as in JSON; in
        `extra`, such a float becomes a Decimal. Raises `InvalidRequest` with the path of the field.
        """
        made = from_named(cls, with_extra(cls, data))
        if getattr(made, "extra", UNSET) is not UNSET:
            canonical_json(made)  # raises `InvalidRequest` for what cannot be sent; `extra` may hold anything
        return made

    @classmethod
    def _validate(cls, kind: Any, data: object) -> object:
        if not isinstance(data, Mapping):
            raise InvalidRequest(f"$: expected an object, got {type(data).__name__}")
        return from_named(kind, data)  # pyright: ignore[reportUnknownArgumentType]  # keys are checked there

    def _encode(self) -> bytes:
        return canonical_json(self)


P = TypeVar("P", bound=Part)


def from_named(kind: type[P], data: Mapping[str, object]) -> P:
    """Return a Struct made from plain data, in which every key is the name of a field.

    For data that others write, such as a file or the body of a form: a key that the Struct does not name is refused.
    Raises `InvalidRequest` with the path of the field.
    """
    check_amounts(kind, data)
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        text, path = explain(error)
    except (UnicodeEncodeError, RecursionError):
        text, path = "cannot be written as JSON", "$"
    canonical_json(data)  # raises `InvalidRequest` if a value cannot be written as JSON
    raise InvalidRequest(f"{path}: {text}", path=path)


class OpenPart(Part, frozen=True, kw_only=True):
    """A part of a request that may have further keys: `extra` holds those that this SDK does not name.

    They are signed and sent like the others. Floats are refused in `extra`, since it may hold amounts: pass `Decimal`
    or `int`.
    """

    extra: Mapping[str, object] | UnsetType = UNSET


class Request(OpenPart, frozen=True, kw_only=True):
    """Base of whole request bodies."""


class Response(Data, frozen=True, kw_only=True):
    """Base of Structs in answers. Unknown keys are ignored here; `Reply.raw` has them."""

    @classmethod
    def _validate(cls, kind: Any, data: object) -> object:
        try:
            found: Response = msgspec.convert(data, kind)
        except msgspec.ValidationError as error:
            text, path = explain(error)
        else:
            _clear_empty(found)
            return found
        raise ValueError(f"{path}: {text}")


class PublicResponse(Response, frozen=True, kw_only=True):
    """Base of Structs in answers that hold no personal data: their repr shows every field."""

    __repr__ = Struct.__repr__

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return Struct.__rich_repr__(self)


class EmptyObject(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An object without keys: the provider writes `{}` for null in some string fields (page "Update Customer")."""


# `NullableText` accepts `{}`, which the provider's pages show for null; `decode` replaces it by None before a caller
# sees the value, so type checkers need not know of `EmptyObject`.
if TYPE_CHECKING:
    NullableText: TypeAlias = str | None
else:
    NullableText: TypeAlias = str | EmptyObject | None

# The type of amounts in requests. In answers, amounts are `Decimal`, whether the provider writes a JSON number or a
# string.
Amount: TypeAlias = Decimal | int

# The value `""`, which clears a field, in the annotations of fields that are not of type str.
Clear: TypeAlias = Literal[""]

# A str that must not be empty, such as the id of the object to change.
RequiredText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]

# `Identity` and `Reference` mark fields of answers. An identity says which object an answer is about; it is `""` where
# the provider leaves it out. A number in a field of either type is converted to a str.
Identity: TypeAlias = Annotated[str, Meta(extra={"role": "identity"})]
Reference: TypeAlias = Annotated[str | None, Meta(extra={"role": "reference"})]
NullableReference: TypeAlias = Annotated[NullableText, Meta(extra={"role": "reference"})]


def _clear_empty(value: Struct) -> None:
    """Replaces `{}` by None in a Struct that was just made, and in the Structs in it."""
    for name in value.__struct_fields__:
        item: object = getattr(value, name)
        if isinstance(item, EmptyObject):
            msgspec.structs.force_setattr(value, name, None)
        for part in item if isinstance(item, list) else [item]:  # pyright: ignore[reportUnknownVariableType]  # of any items
            if isinstance(part, Struct):
                _clear_empty(part)


def explain(error: msgspec.ValidationError) -> tuple[str, str]:
    """Returns the reason and the field's path from msgspec's error, without the invalid value that it may quote."""
    return _explained(str(error))


@lru_cache(256)  # an odd field is usually in every answer, and gives the same message
def _explained(text: str) -> tuple[str, str]:
    found = _AT_PATH.match(text)
    text, path = (found[1], found[2]) if found else (text, "$")
    text = _ECHO.sub("not one of the allowed values", text)
    return text[:1].lower() + text[1:], path
