"""The record of a call that must happen once (an intent), and the interface of a store for such records."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct

from paycombat_async._secrets import short_rich_repr
from paycombat_async.errors import ConfigurationError, InvalidRequest

MAX_REFERENCE: Final = 255  # characters
DEFAULT_ACCOUNT: Final = "default"


class IntentState(StrEnum):
    """Where a recorded call stands. A store shows SENDING as UNKNOWN once its lease is over."""

    SENDING = "sending"
    APPLIED = "applied"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


UNRESOLVED: Final = frozenset({IntentState.SENDING, IntentState.UNKNOWN})
FREE: Final = frozenset({IntentState.REJECTED, IntentState.NOT_SENT})  # a call with this reference may be sent again


class Intent(Struct, frozen=True, kw_only=True):
    """The record of one call, unique by account, endpoint and reference. Times are in UTC.

    `attempt` counts the calls made under this reference, from 1. `object_id` is the id of what was made, `evidence`
    says how the state is known ("answer", "list", "webhook", or a person's name). `expected` maps fields of the answer
    to the values that were sent for them, such as amount and currency. `answer` is the recorded body, if it was kept.
    """

    account: str
    endpoint: str
    reference: str
    state: IntentState
    attempt: int
    body_digest: str
    created_at: datetime
    settled_at: datetime | None = None
    object_id: str | None = None
    evidence: str | None = None
    expected: Mapping[str, tuple[str, ...]] = {}
    answer: bytes | None = None

    def __repr__(self) -> str:
        return f"Intent({self.endpoint}, {self.reference!r}, {self.state}, attempt={self.attempt})"

    __rich_repr__ = short_rich_repr


class NewIntent(Struct, frozen=True, kw_only=True):
    """A call that is about to be sent. `lease` is in seconds; `owner` names host and process, for people."""

    endpoint: str
    reference: str
    body_digest: str
    owner: str
    lease: float
    expected: Mapping[str, tuple[str, ...]] = {}


class Begun(Struct, frozen=True):
    """The record after `Intents.begin`. The caller of `begin` may send the call only if `may_send` is True."""

    intent: Intent
    may_send: bool


class Settlement(Struct, frozen=True, kw_only=True):
    """What became of one attempt of a call."""

    endpoint: str
    reference: str
    attempt: int
    state: IntentState
    evidence: str
    object_id: str | None = None
    answer: bytes | None = None


class Intents(Protocol):
    """A store of intents, for one account. `testing.intents_conformance` checks whether a store of your own is right.

    Every method may raise `StoreFailed`; then nothing was written, or nobody knows whether it was.
    """

    @property
    def account(self) -> str:
        """The merchant's own name for the provider's account, never derived from token or key, which are rotated."""
        ...

    async def begin(self, new: NewIntent) -> Begun:
        """Records the call durably as SENDING, and returns the record with `may_send=True`.

        That is done, atomically, only if there is no record yet, or one that is REJECTED or NOT_SENT (then with the
        next attempt number). Otherwise the existing record is returned unchanged, with `may_send=False`.
        """
        ...

    async def settle(self, settlement: Settlement) -> bool:
        """Records the outcome of a call. Returns False, writing nothing, for another attempt or a settled record.

        UNKNOWN may become anything else later; APPLIED, REJECTED and NOT_SENT are final for their attempt.
        """
        ...

    async def find(self, reference: str) -> list[Intent]:
        """Returns the records with this reference, one for each endpoint that it was used with."""
        ...

    async def unresolved(self, *, older_than: float = 0) -> list[Intent]:
        """Returns the records with an unknown outcome, at least `older_than` seconds old, the oldest first."""
        ...

    async def forget(self, *, days: float) -> int:
        """Deletes records that were settled more than `days` ago, and returns how many. Unresolved ones stay."""
        ...

    async def aclose(self) -> None:
        """Closes the connections or files that the store has opened itself."""
        ...


def check_account(account: str) -> str:
    """The account's name unchanged. Raises `ConfigurationError` for one that cannot be stored."""
    problem = _problem_of(account)
    if problem:
        raise ConfigurationError(f"account {problem}")
    return account


def check_reference(reference: str) -> str:
    """The reference unchanged. Raises `InvalidRequest` for one that cannot be stored, without quoting it."""
    problem = _problem_of(reference)
    if problem:
        raise InvalidRequest(f"the reference {problem}", path="$")
    return reference


def _problem_of(name: str) -> str:
    if not name or not name.strip():
        return "is empty"
    if len(name) > MAX_REFERENCE:
        return f"has {len(name)} characters; at most {MAX_REFERENCE} are stored"
    if "\0" in name or any("\ud800" <= letter <= "\udfff" for letter in name):
        return "contains a character that cannot be stored (NUL or half of a surrogate pair)"
    return ""
