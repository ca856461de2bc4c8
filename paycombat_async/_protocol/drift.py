"""How an answer differs from the schema."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class DriftKind(StrEnum):
    """How an answer differs from the schema."""

    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_VALUE = "unknown_value"
    WRONG_TYPE = "wrong_type"
    MISSING_IDENTITY = "missing_identity"
    ECHO = "echo"  # what came back is not what was sent


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between an answer and the schema. It names the field, never its value."""

    endpoint: str
    path: str
    kind: DriftKind
    detail: str


class FieldIssue(NamedTuple):
    """A drift before it is known whose answer it is in."""

    path: str
    kind: DriftKind
    detail: str
