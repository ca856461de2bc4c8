"""What an endpoint is: what to send, where, what comes back, and how sure we are of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Literal, TypeVar

Q = TypeVar("Q")
R = TypeVar("R")

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]

DOCS: Final = "https://docs.paycombat.com/"


class Repeat(StrEnum):
    """Whether a call may be sent again when nobody knows what became of the first one."""

    SAFE = "safe"  # twice is as good as once
    ONLY_IF_UNSENT = "only_if_unsent"  # creates or moves something: never twice


class Evidence(StrEnum):
    """Where an endpoint's path comes from."""

    DOCUMENTED = "documented"  # the provider's page shows it
    OBSERVED = "observed"  # real client code uses it
    INFERRED = "inferred"  # guessed from its neighbours, or not known at all


@dataclass(frozen=True, slots=True)
class Echo:
    """A field of the answer that repeats one of those `sent`.

    Another identity in it means that the answer belongs to another call; anything else that differs is drift.
    """

    answered: str
    sent: tuple[str, ...]
    is_identity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Generic[Q, R]):
    """One operation. `path` is a template; None means that the record holds nothing to guess from: give `paths=`.

    `signed` says that a body, if there is one, is signed. `may_be_empty` allows an answer without data. `reference` is
    the field that holds the merchant's own name for what is made, and `find_out` how to learn what became of a call
    whose outcome is unknown. `echoes` are checked in the answer.
    """

    name: str
    method: Method
    path: str | None
    request: type[Q]
    response: type[R]
    repeat: Repeat
    signed: bool
    evidence: Evidence
    doc: str
    title: str
    may_be_empty: bool = False
    page_parameter: str | None = None
    size_parameter: str | None = None
    reference: str | None = None
    find_out: str = "look at what it would have changed before you send it again"
    echoes: tuple[Echo, ...] = ()


def raw_endpoint(method: Method, path: str) -> Endpoint[object, object]:
    """An endpoint this SDK does not know: any body, any answer; only a GET is taken as safe to repeat."""
    return Endpoint(
        name=f"{method} {path}",
        method=method,
        path=path,
        request=object,
        response=object,
        repeat=Repeat.SAFE if method == "GET" else Repeat.ONLY_IF_UNSENT,
        signed=method in {"POST", "PATCH", "PUT"},
        evidence=Evidence.DOCUMENTED,
        doc="",
        title="",
        may_be_empty=True,
    )
