"""The record of a call that must happen only once (an intent), and the interface of a store for such records."""

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
    """The state of a recorded call. When the lease (the time for sending) is over, stores show SENDING as UNKNOWN.

    Until then nobody can tell whether the process that sends the call is alive.
    """

    SENDING = "sending"
    APPLIED = "applied"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


_METHODS: Final = ("begin", "settle", "find", "unresolved", "sending", "recent", "move", "forget", "aclose")
UNRESOLVED: Final = frozenset({IntentState.SENDING, IntentState.UNKNOWN})
FREE: Final = frozenset({IntentState.REJECTED, IntentState.NOT_SENT})  # a call with this reference may be sent again


class Intent(Struct, frozen=True, kw_only=True):
    """The record of one call; only one exists for each account, endpoint and reference. Times are in UTC.

    `attempt` counts the calls made with this reference, beginning with 1. `object_id` is the id of the object that the
    call created, `evidence` says how the state is known ("answer", "list", "webhook", or a person's name; "webhook KEY,
    after a refusal" if the event with this key has corrected a REJECTED or NOT_SENT record). `expected` maps fields of
    the answer to the values that were sent for them, such as amount and currency, and "$mode" to "sandbox" or "live".
    `answer` is the body of the provider's answer, if the store keeps it. `leased_until` is the end of the lease of a
    SENDING record, and None in every other state.
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
    leased_until: datetime | None = None

    def __repr__(self) -> str:
        return f"Intent({self.endpoint}, {self.reference!r}, {self.state}, attempt={self.attempt})"

    __rich_repr__ = short_rich_repr


class NewIntent(Struct, frozen=True, kw_only=True):
    """A call to record before it is sent, within `lease` seconds. `owner` tells people which host and process sends."""

    endpoint: str
    reference: str
    body_digest: str
    owner: str
    lease: float
    expected: Mapping[str, tuple[str, ...]] = {}


class Begun(Struct, frozen=True):
    """What `Intents.begin` returns: the record, and whether the caller may send the call."""

    intent: Intent
    may_send: bool


class Settlement(Struct, frozen=True, kw_only=True):
    """The outcome of one attempt of a call, to be recorded by `Intents.settle`."""

    endpoint: str
    reference: str
    attempt: int
    state: IntentState
    evidence: str
    object_id: str | None = None
    answer: bytes | None = None

    def __repr__(self) -> str:
        return f"Settlement({self.endpoint}, {self.reference!r}, {self.state}, attempt={self.attempt})"

    __rich_repr__ = short_rich_repr


class Intents(Protocol):
    """A store of intents, for one account. `testing.intents_conformance` tests a store that you write yourself.

    References, endpoints and accounts are compared exactly, as text. Any number of tasks, and of processes if they
    share the records, may call at the same time. Only `move` touches the records of other accounts. Every method may
    raise `StoreFailed`; it is then unknown whether anything was written.
    """

    @property
    def account(self) -> str:
        """The merchant's own name for its account at the provider; not derived from token or key, which change."""
        ...

    async def begin(self, new: NewIntent) -> Begun:
        """Records the call durably as SENDING, and returns the record with `may_send=True`.

        This happens, atomically, only if no record has this endpoint and reference, or if the state of that record is
        REJECTED or NOT_SENT: the new record replaces it, and keeps only its attempt number, increased. Otherwise the
        existing record is returned unchanged, with `may_send=False`.

        The lease begins now. Once it is over, all methods show the record as UNKNOWN. Raises `InvalidRequest` for a
        reference that `check_reference` refuses: none, only white space, more than 255 characters, or a character that
        cannot be stored.
        """
        ...

    async def settle(self, settlement: Settlement) -> bool:
        """Records the outcome of a call with state, evidence, answer and, unless it is None or empty, object id.

        `settled_at` becomes the present time, or None for UNKNOWN. Returns True; False, and writes nothing, if there is
        no record with this endpoint and reference, and if it has another attempt number or a final state. SENDING and
        UNKNOWN may become any state, also after the lease. APPLIED, REJECTED and NOT_SENT are final for their attempt,
        with two exceptions. REJECTED and NOT_SENT become APPLIED if the call turns out to be carried out, so that it is
        not sent again. An APPLIED record without an answer, as after a webhook that came first, gets the answer of a
        settlement that is APPLIED, too, and the object id, unless both have an id and these differ; evidence and time
        stay.
        """
        ...

    async def find(self, reference: str) -> list[Intent]:
        """Returns the records with this reference, one for each endpoint that it was used with, in order of endpoint.

        A reference that `begin` would refuse has none.
        """
        ...

    async def unresolved(self, *, older_than: float = 0) -> list[Intent]:
        """Returns the records with an unknown outcome, at least `older_than` seconds old, the oldest first.

        They do not include the SENDING records whose lease is not over.
        """
        ...

    async def sending(self, *, older_than: float = 0) -> list[Intent]:
        """Returns the SENDING records whose lease is not over, at least `older_than` seconds old, the oldest first."""
        ...

    async def recent(self, *, limit: int) -> list[Intent]:
        """Returns the newest records in any state, at most `limit` of them, the newest first."""
        ...

    async def move(self, source: str, target: str) -> int:
        """Moves all records of the account `source` to the account `target`, and returns their number.

        Either all records are moved or none. Raises `ConfigurationError`, and moves none, while a call of `source` may
        be in progress (SENDING, its lease not over), if both accounts have a record with the same endpoint and
        reference, and for names that `check_move` refuses: two that are equal, or one that could not be a reference. A
        program that still uses `source` no longer finds the records and could pay again, so stop it first.
        """
        ...

    async def forget(self, *, days: float) -> int:
        """Deletes the records that were settled more than `days` ago; returns their number. Unresolved ones stay.

        With a negative number, which clients do not pass, also those that were settled just now.
        """
        ...

    async def aclose(self) -> None:
        """Closes the connections or files that the store itself has opened. No client calls it."""
        ...


def check_store(store: Intents | None) -> Intents | None:
    """Returns the intents store unchanged.

    Raises `ConfigurationError` for a path, for the class of a store, and for a store that lacks a method.
    """
    if store is not None and (isinstance(store, type) or not callable(getattr(store, "begin", None))):
        given = store.__name__ if isinstance(store, type) else type(store).__name__
        raise ConfigurationError(f'intents= takes a store, such as SqliteIntents("payments.db"), not {given}')
    missing = [name for name in _METHODS if store is not None and not callable(getattr(store, name, None))]
    if missing:
        raise ConfigurationError(f"the intents store {type(store).__name__} lacks {', '.join(missing)}: see Intents")
    return store


def check_account(account: str) -> str:
    """Returns the account's name unchanged. Raises `ConfigurationError` if it cannot be stored."""
    problem = _problem_of(account)
    if problem:
        raise ConfigurationError(f"account {problem}")
    return account


def check_move(source: str, target: str) -> None:
    """Raises `ConfigurationError` unless `source` and `target` are the names of two different accounts."""
    if check_account(source) == check_account(target):
        raise ConfigurationError("the records belong to this account already: name two different accounts")


def check_reference(reference: str) -> str:
    """Returns the reference unchanged. Raises `InvalidRequest`, without quoting it, if it cannot be stored."""
    problem = _problem_of(reference)
    if problem:
        raise InvalidRequest(f"the reference {problem}", path="$")
    return reference


def is_storable(name: str) -> bool:
    """Whether a store can keep this reference, account or name of a person."""
    return not _problem_of(name)


def _problem_of(name: object) -> str:
    if not isinstance(name, str):
        return "is no text"
    if not name or not name.strip():
        return "is empty"
    if len(name) > MAX_REFERENCE:
        return f"has {len(name)} characters; at most {MAX_REFERENCE} are stored"
    if "\0" in name or any("\ud800" <= letter <= "\udfff" for letter in name):
        return "contains a character that cannot be stored (NUL or half of a surrogate pair)"
    return ""
