"""The messages between client, protocol and transport.

Draft      a prepared HTTP request: encoded and signed once per call, sent unchanged by every attempt
RawReply   the HTTP answer as received: status, headers, bytes
Attempt    one sending of a draft, as reported to `on_attempt`
Call       one call of an endpoint with all its attempts, as reported to `on_call`
"""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from msgspec import Struct

from paycombat_async._secrets import Redactor, Secret, short_rich_repr
from paycombat_async._signing import Signer
from paycombat_async.errors import Outcome

R = TypeVar("R")


class ClientConfig(Struct, frozen=True):
    """A client's settings for its requests: base URL, token, signer, and the user's own paths for endpoints."""

    base_url: str
    token: Secret
    signer: Signer
    paths: Mapping[str, str]
    redact: Redactor = Redactor()


class Draft(Struct, frozen=True, gc=False):
    """A prepared HTTP request. Its `headers` and `body` contain secrets and personal data, so never log them.

    `is_once_only` marks a call that creates or moves something. A transport does not begin to send such a call near the
    end of the time-out, because its answer would come too late.
    """

    endpoint: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    is_once_only: bool = False

    def __repr__(self) -> str:
        return f"Draft({self.endpoint}, {len(self.body or b'')} bytes)"

    __rich_repr__ = short_rich_repr


class RawReply(Struct, frozen=True, gc=False):
    """An HTTP answer as received. A look-up of a header's lower-case name in `headers` must find the header.

    `is_whole` is True if the body is certainly complete: all bytes of the announced length or the last chunk were
    received, or an answer with this status has no body. `is_whole` is False if only the closing of the connection has
    ended the body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool = True

    def __repr__(self) -> str:
        return f"RawReply({self.status}, {len(self.body)} bytes)"

    __rich_repr__ = short_rich_repr


class Transport(Protocol):
    """Sends one draft (a prepared HTTP request) once. Pass your own transport as `transport=`.

    A transport raises `ConnectFailed` if no byte was sent, and `TimedOut` or `Disconnected` if bytes may have been
    sent. It never retries, never follows a redirect and never changes a byte. `testing.FakeTransport` is an example.
    """

    async def send(self, draft: Draft, timeout: float) -> RawReply:  # noqa: ASYNC109  # limits one attempt
        """Sends the draft (a prepared HTTP request) and returns its answer. Takes at most `timeout` seconds."""
        ...


class Attempt(Struct, frozen=True, gc=False):
    """One sending of a request, as reported to `on_attempt`.

    `outcome` and `error` (the name of the exception's class) are None after a success. `elapsed` and `wait` are in
    seconds. `wait` is the pause before the next attempt, or None if no attempt follows.
    """

    endpoint: str
    number: int
    status: int | None
    outcome: Outcome | None
    elapsed: float
    wait: float | None
    error: str | None = None


class Call(Struct, frozen=True, gc=False):
    """One finished call, as reported to `on_call`, even if it was refused before sending, cancelled or interrupted.

    `outcome` and `error` (the name of the exception's class) are None after a success. `status` is None if no answer
    was received. `elapsed` is in seconds. `attempts` is the number of times the call was sent. `reference` is the
    merchant's own reference, such as an `order_id`. Without the client's option `show_references=True`, `reference` is
    None. `is_replayed` means that nothing was sent, because the call was answered from the record of an earlier call.
    `is_recorded` says whether the outcome was written to the intents store, and is None for a call that the client does
    not record in such a store.
    """

    endpoint: str
    outcome: Outcome | None
    error: str | None
    status: int | None
    attempts: int
    elapsed: float
    request_id: str | None
    reference: str | None
    is_replayed: bool = False
    is_recorded: bool | None = None
