"""Field types and the base class of the sandbox's own request bodies, and the request body of the Simulate calls."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Raw, Struct, UnsetType

Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]
Currency: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
Country: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Z]{2}\Z")]
# msgspec leaves a `Number` as raw JSON, since `read_amount` parses it without losing digits.
Number: TypeAlias = Annotated[Raw, Meta(extra_json_schema={"type": "number", "exclusiveMinimum": 0})]
Object: TypeAlias = dict[str, object]

OptionalText: TypeAlias = str | UnsetType
OptionalObject: TypeAlias = Object | UnsetType


class RequestBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of request bodies that the sandbox decodes with a Struct of its own."""


class Simulate(RequestBody, frozen=True, kw_only=True):
    """The request body of both Simulate calls. It is undocumented; these two fields are the least such a call needs."""

    id: Text
    status: Text


def given(value: str | UnsetType) -> str | None:
    """The value, or None if the field is absent or an empty str."""
    return None if isinstance(value, UnsetType) or not value else value
