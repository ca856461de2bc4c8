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


class Trouble(StrEnum):
    """Whose trouble a failed call is."""

    OWN = "own"  # this row's
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # these credentials'
    OUTAGE = "outage"


_TROUBLES: tuple[tuple[type[PayCombatError] | tuple[type[PayCombatError], ...], Trouble], ...] = (
    (RateLimited, Trouble.THROTTLED),
    (ConnectFailed, Trouble.UNREACHABLE),
    ((AuthenticationFailed, PermissionDenied), Trouble.REFUSED),
    ((ProviderError, TimedOut, Disconnected), Trouble.OUTAGE),
)

SENTENCES = {
    Trouble.REFUSED: "the provider refuses these credentials: check the token and the signature key",
    Trouble.UNREACHABLE: "the provider cannot be reached: check the network and the base URL",
    Trouble.OUTAGE: "the provider keeps failing: try again later",
    Trouble.THROTTLED: "the provider keeps answering 429 (too many calls): try again later, or with a lower rate",
}


def trouble_of(error: PayCombatError) -> Trouble:
    """Whose trouble this error is."""
    return next((trouble for kind, trouble in _TROUBLES if isinstance(error, kind)), Trouble.OWN)


def tries_at(trouble: Trouble, *, anything_passed: bool) -> int:
    """How often a row is taken up again that meets this."""
    if trouble is Trouble.UNREACHABLE and not anything_passed:
        return _FIRST_TRIES
    return _TRIES if trouble in (Trouble.THROTTLED, Trouble.UNREACHABLE) else 0


class Breaker:
    """Counts the calls that ended in the same trouble with nothing better in between.

    The limits grow with the number of calls under way: one cut of the network fails them all at once.
    """

    def __init__(self, concurrency: int) -> None:
        many = max(20, 2 * concurrency)
        self._limits = {Trouble.REFUSED: 10, Trouble.UNREACHABLE: many, Trouble.OUTAGE: many}
        self._last = Trouble.OWN
        self._count = 0

    def passed(self) -> None:
        """A call got through, or failed for a reason of its own."""
        self._last, self._count = Trouble.OWN, 0

    def met(self, trouble: Trouble) -> bool:
        """Count a trouble; True when it is one too many."""
        self._count = self._count + 1 if trouble is self._last else 1
        self._last = trouble
        return self._count >= self._limits.get(trouble, self._count + 1)
