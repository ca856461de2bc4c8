"""The type of the endpoint constants: method, path, types of request and response, and the evidence for the path."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Literal, TypeVar

from msgspec import Struct

Q = TypeVar("Q")
R = TypeVar("R")

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]

# The front page of the provider's documentation: the `doc` of an endpoint that has no public page of its own.
DOCS: Final = "https://docs.paycombat.com/"


class Repeat(StrEnum):
    """Whether a call may be sent again when the outcome of the first attempt is unknown."""

    SAFE = "safe"  # sending the call twice has the same effect as sending it once
    ONLY_IF_UNSENT = "only_if_unsent"  # creates or moves something; sent again only if certainly not carried out


class IntentUse(StrEnum):
    """Whether a client that has an intents store (a durable record of calls) records a call in it."""

    REQUIRED = "required"  # a request without the merchant's own reference is refused
    OPTIONAL = "optional"  # the call is recorded if the request has a reference
    NONE = "none"  # recorded only if `send` gets a `reference`


class Evidence(StrEnum):
    """Where an endpoint's path comes from."""

    DOCUMENTED = "documented"  # the provider's page shows the path
    OBSERVED = "observed"  # the code of an existing client of the API uses the path
    INFERRED = "inferred"  # the path is guessed from similar paths, or unknown


class Echo(Struct, frozen=True):
    """A field of the answer, `answered`, in which the provider sends back the value of a field of the request.

    `sent` has the name of the request's field, or several names if the provider may send back any of several fields. If
    the values differ and `is_identity` is True, the answer belongs to a different call. If `is_identity` is False, a
    difference is only reported as drift (how an answer differs from what is documented).
    """

    answered: str
    sent: tuple[str, ...]
    is_identity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Generic[Q, R]):
    """One operation of the API.

    - `path`: a path template, or None if the path is unknown. The user must then pass the path with `paths=`.
    - `alternatives`: other guesses of the path, which the command `paycombat probe` tries.
    - `doc`: the provider's page of this operation, or the front page of the provider's documentation.
    - `signed`: whether the body, if there is one, is signed.
    - `may_be_empty`: whether an answer without data is a success.
    - `reference`: the name of the field with the merchant's own reference.
    - `find_out`: tells the user how to check a call whose outcome is unknown.
    - `echoes`: the fields of the answer that are compared with the request.
    - `intent`: whether an intents store (a durable record of calls) records the call.
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
    """Returns an endpoint for a path unknown to the SDK, with any body and any answer. Only GET is safe to repeat."""
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
