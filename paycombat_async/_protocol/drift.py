"""Drift: the differences between an answer and the schema, and their kinds."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class DriftKind(StrEnum):
    """How an answer differs from the schema."""

    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_VALUE = "unknown_value"
    WRONG_TYPE = "wrong_type"
    MISSING_IDENTITY = "missing_identity"
    ECHO = "echo"  # a field that repeats one of the request holds another value


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between an answer and the schema. It names the field, never its value."""

    endpoint: str
    path: str
    kind: DriftKind
    detail: str


class FieldIssue(NamedTuple):
    """A `Drift` without its endpoint, as the decoder finds it."""

    path: str
    kind: DriftKind
    detail: str
