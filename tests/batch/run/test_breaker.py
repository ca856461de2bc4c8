"""Whose trouble a failed call is, and how many in a row end a run."""

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
from paycombat_async.batch.run.breaker import SENTENCES, Breaker, Trouble, trouble_of


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BadRequest("x"), Trouble.OWN),
        (NotFound("x"), Trouble.OWN),
        (InvalidResponse("x"), Trouble.OWN),
        (RateLimited("x"), Trouble.THROTTLED),
        (ConnectFailed("x"), Trouble.UNREACHABLE),
        (AuthenticationFailed("x"), Trouble.REFUSED),
        (PermissionDenied("x"), Trouble.REFUSED),
        (ProviderError("x"), Trouble.OUTAGE),
        (TimedOut("x"), Trouble.OUTAGE),
        (Disconnected("x"), Trouble.OUTAGE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, PayCombatError) else "",
)
def test_errors_say_whose_trouble_it_is(error: PayCombatError, expected: Trouble) -> None:
    """The row's own, or one that may meet every row."""
    assert expected is trouble_of(error)


@pytest.mark.parametrize(
    ("trouble", "concurrency", "limit"),
    [
        (Trouble.REFUSED, 64, 10),
        (Trouble.UNREACHABLE, 4, 20),
        (Trouble.UNREACHABLE, 64, 128),
        (Trouble.OUTAGE, 64, 128),
        (Trouble.THROTTLED, 64, None),
        (Trouble.OWN, 64, None),
    ],
)
def test_so_many_in_a_row_are_too_many(trouble: Trouble, concurrency: int, limit: int | None) -> None:
    """A trouble of the row's own never ends the run, however often it comes."""
    breaker = Breaker(concurrency)

    met = [breaker.met(trouble) for _ in range(200)]

    assert limit == (met.index(True) + 1 if True in met else None)


def test_anything_better_in_between_starts_the_count_anew() -> None:
    """A call that got through, or another trouble."""
    breaker = Breaker(4)

    for between in (breaker.passed, lambda: breaker.met(Trouble.OUTAGE)):
        assert not any(breaker.met(Trouble.REFUSED) for _ in range(9))
        between()
    assert not breaker.met(Trouble.REFUSED)


def test_every_trouble_of_the_run_has_its_sentence() -> None:
    """It says what happened and what to do."""
    assert set(Trouble) - {Trouble.OWN} == set(SENTENCES)
