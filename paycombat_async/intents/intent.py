"""The record of a call that must happen only once (an intent), and the interface of a store for such records."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct

from paycombat_async._secrets import short_rich_repr
from paycombat_async.errors import ConfigurationError, InvalidRequest

MAX_REFERENCE: Final = 255  # the most characters of a reference, and of the name of an account or a person
DEFAULT_ACCOUNT: Final = "default"


class IntentState(StrEnum):
    """The state of a recorded call.

    A SENDING record has a lease: the time for sending the call and recording its outcome. During the lease, nobody can
    tell whether the process that sends the call is alive. When the lease is over, stores show the record as UNKNOWN.
    """

    SENDING = "sending"
    APPLIED = "applied"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


_METHODS: Final = ("begin", "settle", "find", "unresolved", "sending", "recent", "move", "forget", "aclose")
UNRESOLVED: Final = frozenset({IntentState.SENDING, IntentState.UNKNOWN})
# A call whose record has one of these states was not carried out, so it may be sent again.
FREE: Final = frozenset({IntentState.REJECTED, IntentState.NOT_SENT})


class Intent(Struct, frozen=True, kw_only=True):
    """The record of one call. Only one record exists for each account, endpoint and reference. Times are in UTC.

    - `attempt`: counts the calls made with this reference, beginning with 1.
    - `body_digest`: identifies the body that was sent.
    - `settled_at`: the time at which the outcome was recorded, or None in the states SENDING and UNKNOWN.
    - `object_id`: the id of the object that the call created.
    - `evidence`: how the state is known: "answer", "list", "webhook", or a person's name. The text "webhook KEY, after
      a refusal" means that the event with the key KEY has corrected a REJECTED or NOT_SENT record.
    - `expected`: maps fields of the answer to the values that were sent for them, such as amount and currency, and maps
      "$mode" to "sandbox" or "live".
    - `answer`: the body of the provider's answer, or None if it is not known or the store does not keep answers.
    - `leased_until`: the time when a SENDING record becomes UNKNOWN, or None in every other state.
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
    """A call that is to be recorded before it is sent.

    `lease` is the number of seconds for sending the call and recording its outcome. `owner` names the host and the
    process that send the call, for people who read the record.
    """

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

    References, endpoints and accounts are compared exactly, as text. Any number of tasks may call the methods at the
    same time, and so may any number of processes if they share the records. Only `move` touches the records of other
    accounts. Every method may raise `StoreFailed`, after which it is unknown whether anything was written. The stores
    of this package raise `ConfigurationError` for a `limit` below 0, for an `older_than` below 0 or above 1,000,000,000
    seconds, and for `days` below -36,500 or above 36,500.
    """

    @property
    def account(self) -> str:
        """The merchant's own name for its account at the provider. The name stays when the token or the key changes."""
        ...

    async def begin(self, new: NewIntent) -> Begun:
        """Records the call durably as SENDING if it may be sent, and returns the record with `may_send=True`.

        The call may be sent if no record has this endpoint and reference, or if such a record exists and its state is
        REJECTED or NOT_SENT. In the second case, the new record replaces the old one, and its attempt number is higher
        by 1. In all other cases the existing record is returned unchanged, with `may_send=False`. The check and the
        writing are one atomic step.

        The lease begins when the record is written. When the lease is over, all methods show the record as UNKNOWN.
        Raises `InvalidRequest` if the reference is empty or only white space, has more than 255 characters, or contains
        a character that cannot be stored.
        """
        ...

    async def settle(self, settlement: Settlement) -> bool:
        """Records the outcome of a call, and returns True. Returns False if nothing was written.

        Writes the state, the evidence and the answer. Writes the object id, too, unless the object id of the settlement
        is None or empty. `settled_at` becomes the current time, or None if the new state is UNKNOWN. Nothing is written
        if no record has this endpoint and reference, if the record has another attempt number, or if the state of the
        record is final.

        SENDING and UNKNOWN are not final, and may become any state, even after the lease. APPLIED, REJECTED and
        NOT_SENT are final for their attempt, with two exceptions:

        - An APPLIED settlement changes REJECTED and NOT_SENT to APPLIED. The call was carried out after all, and must
          not be sent again.
        - An APPLIED settlement with an answer completes an APPLIED record without an answer. Such a record exists, for
          example, if a webhook came before the answer. Only the answer and the object id are added, and evidence and
          `settled_at` stay. Nothing is written if the settlement has another object id than the record.
        """
        ...

    async def find(self, reference: str) -> list[Intent]:
        """Returns the records with this reference, one for each endpoint, in the order of the endpoints' names.

        Returns an empty list for a reference that `begin` would refuse.
        """
        ...

    async def unresolved(self, *, older_than: float = 0) -> list[Intent]:
        """Returns the UNKNOWN records that are at least `older_than` seconds old, the oldest first.

        A SENDING record whose lease (the time for sending) is over counts as UNKNOWN and is returned, too.
        """
        ...

    async def sending(self, *, older_than: float = 0) -> list[Intent]:
        """Returns the SENDING records that are at least `older_than` seconds old, the oldest first.

        A record whose lease (the time for sending) is over is not returned: it counts as UNKNOWN.
        """
        ...

    async def recent(self, *, limit: int) -> list[Intent]:
        """Returns the newest records in any state, at most `limit` of them, the newest first."""
        ...

    async def move(self, source: str, target: str) -> int:
        """Moves all records of the account `source` to the account `target`, and returns their number.

        Before a move, stop all programs that use `source`: they would no longer find the records and could pay again.
        Either all records are moved or none. Raises `ConfigurationError` and moves nothing in these cases:

        - A call of `source` may be in progress (its record is SENDING, and its lease, the time for sending, is not
          over).
        - Both accounts have a record with the same endpoint and reference.
        - The two names are equal, or a name cannot be stored.
        """
        ...

    async def forget(self, *, days: float) -> int:
        """Deletes the records that were settled more than `days` days ago, and returns their number.

        SENDING and UNKNOWN records are kept. If `days` is negative, even records that were just settled are deleted.
        `client.intents.forget` refuses negative numbers.
        """
        ...

    async def aclose(self) -> None:
        """Closes the connections or files that the store itself has opened.

        A client does not close the store that was passed to it, so call this method yourself.
        """
        ...


def check_store(store: Intents | None) -> Intents | None:
    """Returns the intents store unchanged, or None if `store` is None.

    Raises `ConfigurationError` if `store` is a path, a class, or an object that lacks a method of `Intents`.
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
    """Returns the reference unchanged. Raises `InvalidRequest` if it cannot be stored, without quoting it."""
    problem = _problem_of(reference)
    if problem:
        raise InvalidRequest(f"the reference {problem}", path="$")
    return reference


def is_storable(name: str) -> bool:
    """Returns whether a store can keep this text, which is a reference, or the name of an account or a person.

    A store can keep 1 to 255 characters, unless all are white space, or one is NUL or half of a surrogate pair.
    """
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
