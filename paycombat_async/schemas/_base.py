"""The bases of all request and response Structs, and the types that their fields share."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Self, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from paycombat_async._json.amounts import check_amounts
from paycombat_async._json.canonical import canonical_json
from paycombat_async.errors import InvalidRequest

_AT_PATH = re.compile(r"(?s)(.*) - at (?:`key` in )?`(\$[^`]*)`\Z")
_ECHO = re.compile(r"(?s)Invalid enum value .*")


# `gc=False`, here and in the messages of a call: JSON has no reference cycles for the garbage collector to find.
# Untracked, an answer is decoded in 6 % less time, and a batch causes a fifth of the collector's passes.
class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Base of Structs in requests. Fields left `UNSET` are not sent; `""` clears a field; `None` is refused.

    Constructors are fast because they check only names. Values are checked when the request is sent, or by
    `from_mapping`.
    """

    @classmethod
    def from_mapping(cls, data: Mapping[str, object]) -> Self:
        """Build and check it from plain data, such as JSON or a form. Raises `InvalidRequest` with the field's path."""
        check_amounts(cls, data)
        try:
            return msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            text, path = explain(error)
        except (UnicodeEncodeError, RecursionError):
            text, path = "cannot be written as JSON", "$"
        canonical_json(data)  # raises with the path of the field that is not JSON, if one is not
        raise InvalidRequest(f"{path}: {text}", path=path)


class OpenPart(Part, frozen=True, kw_only=True):
    """A part that may have further keys. `extra` holds those that this SDK does not name: signed and sent, too.

    Floats are refused in it, since it may hold amounts: pass `Decimal` or `int`.
    """

    extra: Mapping[str, object] | UnsetType = UNSET


class Request(OpenPart, frozen=True, kw_only=True):
    """Base of whole request bodies."""


class Response(Struct, frozen=True, kw_only=True, gc=False):
    """Base of Structs in answers. Unknown keys are ignored here; `Reply.raw` has them."""


class EmptyObject(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An object without keys: the provider writes `{}` for null in some text fields (page "Update Customer")."""


# The decoder must accept `{}` where the pages show it; `decode` replaces it by None before a caller sees it.
if TYPE_CHECKING:
    NullableText: TypeAlias = str | None
else:
    NullableText: TypeAlias = str | EmptyObject | None

# Amounts in requests. In answers they are `Decimal`, whether the provider writes a number or a text.
Amount: TypeAlias = Decimal | int

# A text that must not be empty, such as the id of the object to change.
RequiredText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]

# Roles of fields in answers. An identity says which object an answer is about; it is `""` where the provider leaves it
# out. Both are kept as text where a number comes back: clients send numbers, too.
Identity: TypeAlias = Annotated[str, Meta(extra={"role": "identity"})]
Reference: TypeAlias = Annotated[str | None, Meta(extra={"role": "reference"})]
NullableReference: TypeAlias = Annotated[NullableText, Meta(extra={"role": "reference"})]


def explain(error: msgspec.ValidationError) -> tuple[str, str]:
    """The reason and the path in a message of msgspec's, without the invalid value that it may quote."""
    return _explained(str(error))


@lru_cache(256)  # an answer that drifts does so in each call, with the same message
def _explained(text: str) -> tuple[str, str]:
    found = _AT_PATH.match(text)
    text, path = (found[1], found[2]) if found else (text, "$")
    text = _ECHO.sub("not one of the allowed values", text)
    return text[:1].lower() + text[1:], path
