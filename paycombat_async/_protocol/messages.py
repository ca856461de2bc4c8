"""The messages between client, protocol and transport.

Draft      the request: encoded and signed once per call, sent unchanged by every attempt
RawReply   the answer: status, headers, bytes
Attempt    one send, as reported to `on_attempt`
Call       one call with all its attempts, as reported to `on_call`
"""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from msgspec import Struct

from paycombat_async._secrets import Redactor, Secret, short_rich_repr
from paycombat_async._signing import Signer
from paycombat_async.errors import Outcome

R = TypeVar("R")


class ClientConfig(Struct, frozen=True):
    """The address, credentials and path overrides that a client sends with."""

    base_url: str
    token: Secret
    signer: Signer
    paths: Mapping[str, str]
    redact: Redactor = Redactor()


class Draft(Struct, frozen=True, gc=False):
    """A request ready to be sent. `headers` and `body` hold secrets and personal data: keep them out of logs.

    `is_once_only` marks a call that creates or moves something: a transport does not start to send it near the end of
    the time-out, when its answer would come too late.
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
    """An answer as received. `headers` must find names written in lower case.

    `is_whole` is True if the answer marked its own end: by a length, a last chunk, or a status without a body. False
    means that the body ended with the connection, so that it may be incomplete.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool = True

    def __repr__(self) -> str:
        return f"RawReply({self.status}, {len(self.body)} bytes)"

    __rich_repr__ = short_rich_repr


class Transport(Protocol):
    """Sends one draft to the provider, once. Pass your own as `transport=`; `testing.FakeTransport` is one.

    Raises `ConnectFailed` if no byte was sent, `TimedOut` or `Disconnected` if some may have been. It never retries,
    never follows a redirect and never changes a byte.
    """

    async def send(self, draft: Draft, timeout: float) -> RawReply:  # noqa: ASYNC109  # it bounds one attempt
        """The answer to this draft, within `timeout` seconds."""
        ...


class Attempt(Struct, frozen=True, gc=False):
    """One send, for `on_attempt`. `outcome` is None after a success.

    `elapsed` is in seconds, and so is `wait`, the pause before the next attempt: None if none follows.
    """

    endpoint: str
    number: int
    status: int | None
    outcome: Outcome | None
    elapsed: float
    wait: float | None


class Call(Struct, frozen=True, gc=False):
    """One call from its beginning to its end, for `on_call`: also one refused before sending, cancelled or cut.

    `outcome` and `error` (the name of the exception's class) are None after a success, `status` is None where there was
    no answer. `elapsed` is in seconds, `attempts` counts the sends. `reference` is the merchant's own reference, such
    as an `order_id`; it is None unless the client has `show_references=True`. `is_replayed` means that a recorded
    answer was given and nothing was sent. `is_recorded` says whether the outcome was written to the intents store; it
    is None for a call that is not recorded there.
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
