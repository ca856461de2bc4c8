"""A decoded answer, as the engine passes it on and as the caller gets it."""

from typing import Any, Generic, TypeVar

from msgspec import Struct

from paycombat_async._protocol.decode import decode_with_drift
from paycombat_async._protocol.drift import Drift, FieldIssue
from paycombat_async._protocol.envelope import unwrap
from paycombat_async._protocol.messages import RawReply
from paycombat_async._secrets import short_rich_repr
from paycombat_async.endpoints import Endpoint

R = TypeVar("R")


class Reply(Struct, Generic[R], frozen=True, gc=False):
    """A whole answer. `data` is the endpoint's Struct; `elapsed` is in seconds; `attempts` counts the sends.

    `is_replayed` means that nothing was sent: this is the recorded answer of an earlier call with the same reference,
    as old as its record.
    """

    data: R
    request_id: str | None
    attempts: int
    elapsed: float
    endpoint: Endpoint[Any, R]
    answer: RawReply
    echo: tuple[FieldIssue, ...] = ()
    is_replayed: bool = False

    @property
    def status(self) -> int:
        """The HTTP status of the last attempt."""
        return self.answer.status

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer, with names in lower case."""
        return {name.lower(): text for name, text in self.answer.headers.items()}

    @property
    def raw(self) -> bytes:
        """The body as received, still JSON."""
        return self.answer.body

    @property
    def drift(self) -> tuple[Drift, ...]:
        """The differences between this answer and the schema, found by decoding it again: fields, never values."""
        unwrapped = unwrap(self.raw)
        if unwrapped is None or unwrapped.data is None:
            return ()
        notes = decode_with_drift(self.endpoint.response, unwrapped.data, "$.data")[1]
        return with_endpoint(self.endpoint, [*(notes or ()), *self.echo])

    def __repr__(self) -> str:
        return f"Reply({self.endpoint.name}, {self.status}, request_id={self.request_id!r}, attempts={self.attempts})"

    __rich_repr__ = short_rich_repr


class DecodedReply(Struct, frozen=True, gc=False):
    """An answer decoded. `notes` is None where drift was not looked for; `echo` holds what differs from the request."""

    data: Any
    request_id: str | None
    notes: list[FieldIssue] | None
    echo: tuple[FieldIssue, ...] = ()

    def __repr__(self) -> str:
        return "DecodedReply(***)"

    __rich_repr__ = short_rich_repr


def with_endpoint(endpoint: Endpoint[Any, Any], notes: list[FieldIssue] | None) -> tuple[Drift, ...]:
    """The issues as `Drift` of this endpoint."""
    return tuple(Drift(endpoint.name, *note) for note in notes or ())
