"""The base classes of all request and response Structs, and the types that several of their fields have."""

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
    """The base class of Structs in requests.

    A field with the value `UNSET` is not sent, `""` clears the field at the provider, and `None` is refused.
    Constructors are fast, because they check only the names of the fields. The values are checked when the request is
    sent, or by `from_mapping`.
    """

    @classmethod
    def from_mapping(cls, data: Mapping[str, object]) -> Self:
        """Returns a Struct of this class, made from plain data such as parsed JSON or a form. Checks all values.

        Accepts the data that `canonical_json` or `to_dict()` returns for a request. If the Struct has a field `extra`,
        a key that is not the name of a field becomes a member of `extra`. Such members may also be given in a mapping
        under the key `extra`. A key that is nearly the name of a missing field is refused as a typing error.

        An amount may be a Decimal, an int, a str, or a float with at most 15 significant digits, as JSON decoders
        return it. In `extra`, such a float becomes a Decimal. Raises `InvalidRequest` with the path of the field.
        """
        made = from_named(cls, with_extra(cls, data))
        if getattr(made, "extra", UNSET) is not UNSET:
            canonical_json(made)  # raises `InvalidRequest` if a value in `extra`, which has no type, cannot be sent
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
    """Returns a Struct made from plain data. Refuses a key that is not the name of a field.

    Use it for data that other people write, such as a file or a submitted form. Raises `InvalidRequest` with the path
    of the field.
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
    """A part of a request that may have further fields, which this SDK does not know, as members of `extra`.

    Members of `extra` are signed and sent like the other fields. Floats are refused in `extra`, because a member may be
    an amount. Pass a `Decimal` or `int` instead.
    """

    extra: Mapping[str, object] | UnsetType = UNSET


class Request(OpenPart, frozen=True, kw_only=True):
    """The base class of whole request bodies."""


class Response(Data, frozen=True, kw_only=True):
    """The base class of Structs in answers.

    A key that the Struct does not know is ignored, and is only in `Reply.raw`.
    """

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
    """The base class of Structs in answers without personal data. Therefore their repr shows every field."""

    __repr__ = Struct.__repr__

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return Struct.__rich_repr__(self)


class EmptyObject(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A JSON object without keys. The provider sends `{}` for null in some string fields (page "Update Customer")."""


# `NullableText` accepts `{}`, which the provider's pages show for null. `decode` replaces `{}` by None before the
# caller gets the value. Therefore the type for type checkers does not include `EmptyObject`.
if TYPE_CHECKING:
    NullableText: TypeAlias = str | None
else:
    NullableText: TypeAlias = str | EmptyObject | None

# The type of amounts in requests. Amounts in answers are always `Decimal`, even if the provider sends a JSON string.
Amount: TypeAlias = Decimal | int

# The type of the value `""`, which clears a field at the provider. Fields whose type is not str name it in their
# annotations; a str field needs no other type for `""`.
Clear: TypeAlias = Literal[""]

# A str that must not be empty, such as the id of the object to change.
RequiredText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]

# `Identity` and `Reference` mark fields of answers that hold an id. An identity is the id of the object that the answer
# is about, and is `""` if the provider leaves the id out. A reference is any other id, and is None if the provider
# leaves it out. If the provider sends either id as a number, the number is converted to a str.
Identity: TypeAlias = Annotated[str, Meta(extra={"role": "identity"})]
Reference: TypeAlias = Annotated[str | None, Meta(extra={"role": "reference"})]
NullableReference: TypeAlias = Annotated[NullableText, Meta(extra={"role": "reference"})]


def _clear_empty(value: Struct) -> None:
    """Replaces `{}` by None, in place, in a Struct that was just made, and in the Structs inside it."""
    for name in value.__struct_fields__:
        item: object = getattr(value, name)
        if isinstance(item, EmptyObject):
            msgspec.structs.force_setattr(value, name, None)
        for part in item if isinstance(item, list) else [item]:  # pyright: ignore[reportUnknownVariableType]  # of any items
            if isinstance(part, Struct):
                _clear_empty(part)


def explain(error: msgspec.ValidationError) -> tuple[str, str]:
    """Returns the reason and the field's path from msgspec's error. Removes invalid values that the error quotes."""
    return _explained(str(error))


@lru_cache(256)  # a field of a wrong type is usually in every answer, and its message is then parsed only once
def _explained(text: str) -> tuple[str, str]:
    found = _AT_PATH.match(text)
    text, path = (found[1], found[2]) if found else (text, "$")
    text = _ECHO.sub("not one of the allowed values", text)
    return text[:1].lower() + text[1:], path
