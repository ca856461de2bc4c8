"""Decoded answers. The SDK uses `DecodedReply`. The caller gets a `Reply`, which also contains the HTTP answer."""

from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from paycombat_async._protocol.decode import decode_with_drift
from paycombat_async._protocol.drift import Drift, FieldIssue
from paycombat_async._protocol.envelope import unwrap
from paycombat_async._protocol.messages import RawReply
from paycombat_async._secrets import short_rich_repr
from paycombat_async.endpoints import Endpoint

R = TypeVar("R")

_LONGEST_STATUS = 10  # a number with this many digits or more is no status


class Reply(Struct, Generic[R], frozen=True, gc=False):
    """The answer to a call. `data` is the endpoint's Struct, and `elapsed` is in seconds.

    `attempts` is the number of times the call was sent. `status` is the HTTP status. `request_time`, `status_code` and
    `status_text` are fields of the envelope (the JSON object around the data).

    `echo` holds the fields of the request that the provider sent back with a different value. If `is_replayed` is True,
    nothing was sent: the reply is the recorded answer to an earlier call with the same reference, and may be out of
    date.
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
        """The HTTP headers of the answer, with their names in lower case."""
        return {name.lower(): text for name, text in self.answer.headers.items()}

    @property
    def raw(self) -> bytes:
        """The HTTP body of the answer as received: JSON that is not decoded."""
        return self.answer.body

    @property
    def request_time(self) -> str | None:
        """The time of the call in the provider's format, or None if missing. Each access decodes the body again."""
        found = self._envelope_field("request_time")
        return found if isinstance(found, str) else None

    @property
    def status_code(self) -> int | None:
        """The status inside the envelope (the JSON object around the data), or None if it is missing there.

        This status may differ from the HTTP status. Each access of this attribute decodes the body again.
        """
        found = self._envelope_field("status_code", "status_code_camel")
        if isinstance(found, str) and found.isdecimal() and len(found) < _LONGEST_STATUS:
            return int(found)
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    @property
    def status_text(self) -> str | None:
        """The `status_text` in the envelope, or None if it is missing. Each access decodes the body again."""
        found = self._envelope_field("status_text")
        return found if isinstance(found, str) else None

    def _envelope_field(self, *names: str) -> object:
        unwrapped = unwrap(self.raw)
        if unwrapped is None:
            return None
        values = (getattr(envelope, name, None) for envelope in (unwrapped.envelope, unwrapped.outer) for name in names)
        return next((value for value in values if value is not None), None)

    @property
    def drift(self) -> tuple[Drift, ...]:
        """The differences between this answer and the documented schema, as names of fields without their values.

        Each access checks the answer again.
        """
        unwrapped = unwrap(self.raw)
        if unwrapped is None or unwrapped.data is None:
            return ()
        notes = decode_with_drift(self.endpoint.response, unwrapped.data, "$.data")[1]
        return with_endpoint(self.endpoint, [*(notes or ()), *self.echo])

    def __reduce__(self) -> tuple[type["Reply[R]"], tuple[object, ...]]:
        # The headers object of the HTTP library cannot be pickled. A dict with lower-case names replaces it.
        answer = msgspec.structs.replace(self.answer, headers=self.headers)
        return type(self), msgspec.structs.astuple(msgspec.structs.replace(self, answer=answer))

    def __repr__(self) -> str:
        return f"Reply({self.endpoint.name}, {self.status}, request_id={self.request_id!r}, attempts={self.attempts})"

    __rich_repr__ = short_rich_repr


class DecodedReply(Struct, frozen=True, gc=False):
    """A decoded answer. `notes` says how it differs from the documented schema, or is None if that was not checked.

    `echo` holds the fields of the request that the provider sent back with a different value.
    """

    data: Any
    request_id: str | None
    notes: list[FieldIssue] | None
    echo: tuple[FieldIssue, ...] = ()

    def __repr__(self) -> str:
        return "DecodedReply(***)"

    __rich_repr__ = short_rich_repr


def with_endpoint(endpoint: Endpoint[Any, Any], notes: list[FieldIssue] | None) -> tuple[Drift, ...]:
    """Returns the drift in `notes` as `Drift` objects with the name of the endpoint, or () if `notes` is None."""
    return tuple(Drift(endpoint.name, *note) for note in notes or ())
