"""What passes between the parts of a call.

Draft      what goes out: drafted and signed once per call, sent unchanged by every attempt
RawReply   what came in: status, headers, bytes
Reply      what the caller gets
"""

from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from paycombat_async._protocol.decode import read_closely
from paycombat_async._protocol.envelope import open_envelope
from paycombat_async._protocol.salvage import Drift, Note
from paycombat_async._secrets import Redactor, Secret, shown_in_short
from paycombat_async._signing import Signer
from paycombat_async.endpoints import Endpoint
from paycombat_async.errors import Outcome

R = TypeVar("R")


class Account(Struct, frozen=True):
    """Where to send, and as whom."""

    base_url: str
    token: Secret
    signer: Signer
    paths: Mapping[str, str]
    redact: Redactor = Redactor()


class Draft(Struct, frozen=True, gc=False):
    """A request as it goes out. `headers` and `body` hold secrets and personal data: keep them out of logs.

    `is_once_only` says that it creates or moves something, so that a transport must rather not send it than send it
    at the last moment.
    """

    endpoint: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    is_once_only: bool = False

    def __repr__(self) -> str:
        return f"Draft({self.endpoint}, {len(self.body or b'')} bytes)"

    __rich_repr__ = shown_in_short


class RawReply(Struct, frozen=True, gc=False):
    """An answer as it came in. `headers` finds names in lower case.

    `is_whole` says that the answer itself marked its end: by a length, a last chunk, or a status without a body. False
    means that the body lasted until the connection ended, so that nobody knows whether more was to come.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool = True

    def __repr__(self) -> str:
        return f"RawReply({self.status}, {len(self.body)} bytes)"

    __rich_repr__ = shown_in_short


class Transport(Protocol):
    """The road to the provider: sends one draft once. Pass your own as `transport=`; `testing.FakeTransport` is one.

    Raises `ConnectFailed` when nothing left, `TimedOut` or `Disconnected` when something may have. It never retries,
    never follows a redirect and never changes a byte.
    """

    async def send(self, draft: Draft, timeout: float) -> RawReply:  # noqa: ASYNC109  # it bounds one attempt
        """The answer to this draft, within `timeout` seconds."""
        ...


class Reply(Struct, Generic[R], frozen=True, gc=False):
    """A whole answer: `data` as the endpoint's Struct, `elapsed` in seconds, `attempts` counting the sends."""

    data: R
    request_id: str | None
    attempts: int
    elapsed: float
    endpoint: Endpoint[Any, R]
    answer: RawReply
    echo: tuple[Note, ...] = ()

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.answer.status

    @property
    def headers(self) -> dict[str, str]:
        """The headers, their names in lower case."""
        return {name.lower(): text for name, text in self.answer.headers.items()}

    @property
    def raw(self) -> bytes:
        """The body as it came."""
        return self.answer.body

    @property
    def drift(self) -> tuple[Drift, ...]:
        """How this answer differs from the schema: unknown fields, new values, other types. Fields, never values."""
        opened = open_envelope(self.raw)
        if opened is None or opened.data is None:
            return ()
        notes = read_closely(self.endpoint.response, opened.data, "$.data")[1]
        return with_endpoint(self.endpoint, [*(notes or ()), *self.echo])

    def __repr__(self) -> str:
        return f"Reply({self.endpoint.name}, {self.status}, request_id={self.request_id!r}, attempts={self.attempts})"

    __rich_repr__ = shown_in_short


class Attempt(Struct, frozen=True, gc=False):
    """One send, as `on_attempt` is told of it. `outcome` is None after a success, `wait` None if no other follows."""

    endpoint: str
    number: int
    status: int | None
    outcome: Outcome | None
    elapsed: float
    wait: float | None


class Call(Struct, frozen=True, gc=False):
    """One call from its beginning to its end, for `on_call`: also one refused before sending, cancelled or cut.

    `outcome` and `error` (the name of the exception's class) are None after a success, `status` is None where there was
    no answer. `elapsed` is in seconds, `attempts` counts the sends. `reference` is the merchant's own name for what
    was to be made, such as an `order_id`; it is None unless the client has `show_references=True`.
    """

    endpoint: str
    outcome: Outcome | None
    error: str | None
    status: int | None
    attempts: int
    elapsed: float
    request_id: str | None
    reference: str | None


class Reading(Struct, frozen=True, gc=False):
    """An answer understood. `notes` is None where nobody looked for drift, `echo` what differs from the request."""

    data: Any
    request_id: str | None
    notes: list[Note] | None
    echo: tuple[Note, ...] = ()

    def __repr__(self) -> str:
        return "Reading(***)"

    __rich_repr__ = shown_in_short


def with_endpoint(endpoint: Endpoint[Any, Any], notes: list[Note] | None) -> tuple[Drift, ...]:
    """Notes as drifts of this endpoint."""
    return tuple(Drift(endpoint.name, *note) for note in notes or ())
