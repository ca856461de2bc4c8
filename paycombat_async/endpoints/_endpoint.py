"""The type of endpoint constants: method, path, types of request and response, and the evidence for them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Literal, TypeVar

Q = TypeVar("Q")
R = TypeVar("R")

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]

# The front page of the provider's documentation: the `doc` of an endpoint whose own page is not publicly known.
DOCS: Final = "https://docs.paycombat.com/"


class Repeat(StrEnum):
    """Whether a call may be sent again when the outcome of the first attempt is unknown."""

    SAFE = "safe"  # sending the call twice has the same effect as once
    ONLY_IF_UNSENT = (
        "only_if_unsent"  # creates or moves something: sent again only if no byte was sent or the provider refused it
    )


class IntentUse(StrEnum):
    """Whether a call is recorded in the intents store (a durable record of calls), if the client has one."""

    REQUIRED = "required"  # a request without the merchant's own reference is refused
    OPTIONAL = "optional"  # recorded if the request has a reference
    NONE = "none"  # recorded only if `send` gets a `reference`


class Evidence(StrEnum):
    """Where an endpoint's path comes from."""

    DOCUMENTED = "documented"  # the provider's page shows it
    OBSERVED = "observed"  # the path is used in the code of a real client of the API
    INFERRED = "inferred"  # the path is guessed from similar ones, or unknown


@dataclass(frozen=True, slots=True)
class Echo:
    """A field of the answer that repeats a field of the request, one of those named in `sent`.

    If a field with `is_identity` differs, the answer belongs to another call; other differences are reported as drift,
    a deviation from the documented answer.
    """

    answered: str
    sent: tuple[str, ...]
    is_identity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Generic[Q, R]):
    """One operation. `path` is a template; None means that the path is unknown and must be given with `paths=`.

    `alternatives` are further guesses of an inferred path, which `paycombat probe` tries. `doc` is the provider's page
    of this operation, or the front page of its documentation. `signed` means that the body, if any, is signed.
    `may_be_empty` allows an answer without data. `reference` names the field with the merchant's own reference, and
    `find_out` tells how to check a call whose outcome is unknown. `echoes` are compared with the request. `intent` says
    whether an intents store records the call.
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
    intent: IntentUse = IntentUse.NONE
    alternatives: tuple[str, ...] = ()


def raw_endpoint(method: Method, path: str) -> Endpoint[object, object]:
    """Returns an endpoint for an unknown path, with any body and any answer; only GET is safe to repeat."""
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
