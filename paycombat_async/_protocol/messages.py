"""What passes between the parts of a call.

Draft      what goes out: drafted and signed once per call, sent unchanged by every attempt
RawReply   what came in: status, headers, bytes
Attempt    one send, as it is reported
"""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from msgspec import Struct

from paycombat_async._secrets import Redactor, Secret, short_rich_repr
from paycombat_async._signing import Signer
from paycombat_async.errors import Outcome

R = TypeVar("R")


class ClientConfig(Struct, frozen=True):
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

    __rich_repr__ = short_rich_repr


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

    __rich_repr__ = short_rich_repr


class Transport(Protocol):
    """The road to the provider: sends one draft once. Pass your own as `transport=`; `testing.FakeTransport` is one.

    Raises `ConnectFailed` when nothing left, `TimedOut` or `Disconnected` when something may have. It never retries,
    never follows a redirect and never changes a byte.
    """

    async def send(self, draft: Draft, timeout: float) -> RawReply:  # noqa: ASYNC109  # it bounds one attempt
        """The answer to this draft, within `timeout` seconds."""
        ...


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
