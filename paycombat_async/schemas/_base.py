"""What all schemas share: the bases of requests and responses, and the provider's ways of saying "nothing"."""

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


# `gc=False`, here and in what passes between the parts of a call: JSON has no cycles that would have to be found.
# Untracked, an answer is read in 6 % less time, and a batch makes a fifth of the garbage collector's passes.
class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Base of what is sent. Fields left `UNSET` are not sent; `""` clears a field; `None` is refused.

    Constructors check names, not values (that is what makes them fast): values are checked when the request is sent,
    or by `from_mapping`.
    """

    @classmethod
    def from_mapping(cls, data: Mapping[str, object]) -> Self:
        """Build it from plain data, as from JSON or a form. Raises `InvalidRequest` naming the field."""
        check_amounts(cls, data)
        try:
            return msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            text, path = explain(error)
        except (UnicodeEncodeError, RecursionError):
            text, path = "cannot be written as JSON", "$"
        canonical_json(data)  # names the field, where that is what is wrong
        raise InvalidRequest(f"{path}: {text}", path=path)


class OpenPart(Part, frozen=True, kw_only=True):
    """A part that takes other keys, too. `extra` adds those that this SDK does not name: signed and sent like the rest.

    Floats are refused there, since money may travel in it: pass `Decimal` or `int`.
    """

    extra: Mapping[str, object] | UnsetType = UNSET


class Request(OpenPart, frozen=True, kw_only=True):
    """A whole body."""


class Response(Struct, frozen=True, kw_only=True, gc=False):
    """Base of what comes back. Unknown keys are passed over here and stay in `Reply.raw`."""


class EmptyObject(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """`{}` and nothing else: how the provider writes null in some text fields (page "Update Customer")."""


# The decoder must let `{}` pass where the record shows it; `decode` puts None in its place before anybody sees it.
if TYPE_CHECKING:
    NullableText: TypeAlias = str | None
else:
    NullableText: TypeAlias = str | EmptyObject | None

# Money going out. What comes back is `Decimal`, whether the provider writes a number or a text.
Amount: TypeAlias = Decimal | int

# A text that a request cannot do without, such as the id of what it changes.
RequiredText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]

# Roles of fields in answers. An identity says which object an answer is about; it is `""` where the provider leaves it
# out. Both are kept as text where a number comes back: clients send numbers, too.
Identity: TypeAlias = Annotated[str, Meta(extra={"role": "identity"})]
Reference: TypeAlias = Annotated[str | None, Meta(extra={"role": "reference"})]
NullableReference: TypeAlias = Annotated[NullableText, Meta(extra={"role": "reference"})]


def explain(error: msgspec.ValidationError) -> tuple[str, str]:
    """What was wrong, and where. msgspec quotes a wrong enum value; that value stays out."""
    return _explained(str(error))


@lru_cache(256)  # an answer that drifts does so in each call, always with the same words
def _explained(text: str) -> tuple[str, str]:
    found = _AT_PATH.match(text)
    text, path = (found[1], found[2]) if found else (text, "$")
    text = _ECHO.sub("not one of the allowed values", text)
    return text[:1].lower() + text[1:], path
