"""Drift: the differences between an answer and its documented schema, and the kinds of these differences."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class DriftKind(StrEnum):
    """The ways in which an answer can differ from the documented schema."""

    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_VALUE = "unknown_value"
    WRONG_TYPE = "wrong_type"
    MISSING_IDENTITY = "missing_identity"
    ECHO = "echo"  # the provider sent back a field of the request with a different value


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between an answer and the documented schema: the name of the field, but never its value."""

    endpoint: str
    path: str
    kind: DriftKind
    detail: str


class FieldIssue(NamedTuple):
    """One difference from the schema, as the decoder reports it: a `Drift` without the name of the endpoint."""

    path: str
    kind: DriftKind
    detail: str
