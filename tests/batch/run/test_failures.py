"""The cause of a failed call, and how many consecutive failures end a run."""

import pytest

from paycombat_async import (
    AuthenticationFailed,
    BadRequest,
    ConnectFailed,
    Disconnected,
    InvalidResponse,
    NotFound,
    PayCombatError,
    PermissionDenied,
    ProviderError,
    RateLimited,
    TimedOut,
)
from paycombat_async.batch.run.failures import MESSAGES, Breaker, FailureKind, failure_kind


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BadRequest("x"), FailureKind.OWN),
        (NotFound("x"), FailureKind.OWN),
        (InvalidResponse("x"), FailureKind.OWN),
        (RateLimited("x"), FailureKind.THROTTLED),
        (ConnectFailed("x"), FailureKind.UNREACHABLE),
        (AuthenticationFailed("x"), FailureKind.REFUSED),
        (PermissionDenied("x"), FailureKind.REFUSED),
        (ProviderError("x"), FailureKind.OUTAGE),
        (TimedOut("x"), FailureKind.OUTAGE),
        (Disconnected("x"), FailureKind.OUTAGE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, PayCombatError) else "",
)
def test_errors_say_whose_trouble_it_is(error: PayCombatError, expected: FailureKind) -> None:
    """An error is the row's own, or of a kind that may affect every row."""
    assert expected is failure_kind(error)


@pytest.mark.parametrize(
    ("trouble", "concurrency", "limit"),
    [
        (FailureKind.REFUSED, 64, 10),
        (FailureKind.UNREACHABLE, 4, 20),
        (FailureKind.UNREACHABLE, 64, 128),
        (FailureKind.OUTAGE, 64, 128),
        (FailureKind.THROTTLED, 64, None),
        (FailureKind.OWN, 64, None),
    ],
)
def test_so_many_in_a_row_are_too_many(trouble: FailureKind, concurrency: int, limit: int | None) -> None:
    """Shared failures end the run at their limit; failures of single rows never do."""
    breaker = Breaker(concurrency)

    met = [breaker.on_failure(trouble) for _ in range(200)]

    assert limit == (met.index(True) + 1 if True in met else None)


def test_anything_better_in_between_starts_the_count_anew() -> None:
    """A successful call or another kind of failure resets the count."""
    breaker = Breaker(4)

    for between in (breaker.on_success, lambda: breaker.on_failure(FailureKind.OUTAGE)):
        assert not any(breaker.on_failure(FailureKind.REFUSED) for _ in range(9))
        between()
    assert not breaker.on_failure(FailureKind.REFUSED)


def test_every_trouble_of_the_run_has_its_sentence() -> None:
    """Each kind of shared failure has a message for the user."""
    assert set(FailureKind) - {FailureKind.OWN} == set(MESSAGES)
