"""When to give up on a row, or on a run: troubles that are not one row's own, and how many in a row are too many."""

from enum import StrEnum

from paycombat_async.errors import (
    AuthenticationFailed,
    ConnectFailed,
    Disconnected,
    PayCombatError,
    PermissionDenied,
    ProviderError,
    RateLimited,
    TimedOut,
)

_TRIES = 5  # how often a row is taken up again that the provider had no time for, or that could not leave
_FIRST_TRIES = 2  # the same while nobody was reached at all: more likely a wrong address than a moment's trouble


class FailureKind(StrEnum):
    """Whose trouble a failed call is."""

    OWN = "own"  # this row's
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # these credentials'
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


def failure_kind(error: PayCombatError) -> FailureKind:
    """Whose trouble this error is."""
    return next((kind for error_type, kind in _KINDS if isinstance(error, error_type)), FailureKind.OWN)


def max_tries(kind: FailureKind, *, anything_passed: bool) -> int:
    """How often a row is taken up again that meets this."""
    if kind is FailureKind.UNREACHABLE and not anything_passed:
        return _FIRST_TRIES
    return _TRIES if kind in (FailureKind.THROTTLED, FailureKind.UNREACHABLE) else 0


class Breaker:
    """Counts the calls that ended in the same trouble with nothing better in between.

    The limits grow with the number of calls under way: one cut of the network fails them all at once.
    """

    def __init__(self, concurrency: int) -> None:
        many = max(20, 2 * concurrency)
        self._limits = {FailureKind.REFUSED: 10, FailureKind.UNREACHABLE: many, FailureKind.OUTAGE: many}
        self._last = FailureKind.OWN
        self._count = 0

    def on_success(self) -> None:
        """A call got through, or failed for a reason of its own."""
        self._last, self._count = FailureKind.OWN, 0

    def on_failure(self, kind: FailureKind) -> bool:
        """Count a trouble; True when it is one too many."""
        self._count = self._count + 1 if kind is self._last else 1
        self._last = kind
        return self._count >= self._limits.get(kind, self._count + 1)
