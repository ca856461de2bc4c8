"""What a failed call means for its row (state, reason, retries) and for the run (whether to stop)."""

from enum import StrEnum

from paycombat_async._printable import printable
from paycombat_async.batch.journal.journal import RowState
from paycombat_async.batch.rows.row import reason_of
from paycombat_async.errors import (
    ApiError,
    AuthenticationFailed,
    ConnectFailed,
    Disconnected,
    InvalidRequest,
    Outcome,
    PayCombatError,
    PermissionDenied,
    ProviderError,
    RateLimited,
    TimedOut,
)

# How many times a row is sent again after a 429, or if the provider could not be reached.
_TRIES = 5
# How many times a row is sent again if the provider could not be reached, as long as no row of this run was accepted,
# or refused for its content. The number is lower than `_TRIES`, because until the provider has answered about a row, a
# wrong address is likelier than a network cut.
_FIRST_TRIES = 2


class FailureKind(StrEnum):
    """The cause of a failed call: the row itself (`OWN`), or something that may affect every row."""

    OWN = "own"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # the provider refused the credentials
    OUTAGE = "outage"


_KINDS: tuple[tuple[type[PayCombatError] | tuple[type[PayCombatError], ...], FailureKind], ...] = (
    (RateLimited, FailureKind.THROTTLED),
    (ConnectFailed, FailureKind.UNREACHABLE),
    ((AuthenticationFailed, PermissionDenied), FailureKind.REFUSED),
    ((ProviderError, TimedOut, Disconnected), FailureKind.OUTAGE),
)

MESSAGES = {
    FailureKind.REFUSED: "the provider refuses these credentials: check the token and the signature key",
    FailureKind.UNREACHABLE: "the provider cannot be reached: check the network and the base URL",
    FailureKind.OUTAGE: "the provider keeps failing: try again later",
    FailureKind.THROTTLED: "the provider keeps answering 429 (too many calls): try again later, or with a lower rate",
}

_STATES = {
    Outcome.NOT_SENT: RowState.FAILED,
    Outcome.REJECTED: RowState.FAILED,
    Outcome.UNKNOWN: RowState.UNKNOWN,
    Outcome.APPLIED: RowState.DONE,
}


def failure_kind(error: PayCombatError) -> FailureKind:
    """Returns the cause of `error`, which depends on its type. Returns `OWN` (the row itself) for all other types."""
    return next((kind for error_type, kind in _KINDS if isinstance(error, error_type)), FailureKind.OWN)


def max_tries(kind: FailureKind, *, anything_passed: bool) -> int:
    """Returns how many times a row that failed for this cause is sent again, or 0 if waiting does not help.

    `anything_passed` says whether the provider has accepted any row of this run, or refused any for its content.
    """
    if kind is FailureKind.UNREACHABLE and not anything_passed:
        return _FIRST_TRIES
    return _TRIES if kind in (FailureKind.THROTTLED, FailureKind.UNREACHABLE) else 0


def state_after(error: PayCombatError) -> RowState:
    """Returns the state of a row whose call raised `error`. The state depends only on `error.outcome`."""
    return _STATES[error.outcome]


def display_reason(error: PayCombatError) -> str:
    """Returns the reason that is shown to the operator, with the provider's message.

    The message may quote personal data of the row, which the operator has anyway.
    """
    message = error.provider_message if isinstance(error, ApiError) else None
    reason = journal_reason(error)
    return printable(f"{reason} ({message})") if message and message not in str(error) else printable(reason)


def journal_reason(error: PayCombatError) -> str:
    """Returns the reason that the journal stores.

    The reason does not contain the provider's message, because this message may quote personal data.
    """
    return reason_of(error) if isinstance(error, InvalidRequest) else printable(str(error))


class Breaker:
    """Counts consecutive calls that failed for the same cause, and says when the run should stop.

    The limits grow with the number of concurrent calls, because one network cut makes all concurrent calls fail.
    """

    def __init__(self, concurrency: int) -> None:
        many = max(20, 2 * concurrency)
        self._limits = {FailureKind.REFUSED: 10, FailureKind.UNREACHABLE: many, FailureKind.OUTAGE: many}
        self._last = FailureKind.OWN
        self._count = 0

    def on_success(self) -> None:
        """Resets the count. To be called when a call succeeded, or was refused for the content of its row."""
        self._last, self._count = FailureKind.OWN, 0

    def on_failure(self, kind: FailureKind) -> bool:
        """Counts a failed call.

        Returns True if so many consecutive calls failed for the same cause that the run should stop.
        """
        self._count = self._count + 1 if kind is self._last else 1
        self._last = kind
        return self._count >= self._limits.get(kind, self._count + 1)
