"""What the sandbox's own bodies are made of: the types of fields on the wire, and the body of the Simulate calls."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Raw, Struct, UnsetType

Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]
Currency: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
Country: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Z]{2}\Z")]
# Read digit by digit, by `read_amount`.
Number: TypeAlias = Annotated[Raw, Meta(extra_json_schema={"type": "number", "exclusiveMinimum": 0})]
Object: TypeAlias = dict[str, object]

OptionalText: TypeAlias = str | UnsetType
OptionalObject: TypeAlias = Object | UnsetType


class RequestBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the bodies that the sandbox reads by itself."""


class Simulate(RequestBody, frozen=True, kw_only=True):
    """The body of both Simulate calls. None is on record; this is what such a call needs to say."""

    id: Text
    status: Text


def given(value: str | UnsetType) -> str | None:
    """The text; None if it was not sent, or sent as ""."""
    return None if isinstance(value, UnsetType) or not value else value
