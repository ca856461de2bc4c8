"""When to send again: a table of decisions, and properties that hold for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import (
    ApiError,
    ConfigurationError,
    ConnectFailed,
    Disconnected,
    InvalidRequest,
    InvalidResponse,
    Outcome,
    ProviderError,
    RateLimited,
    Repeat,
    RetryPolicy,
    TimedOut,
)
from paycombat_async.errors import api_error_class
from paycombat_async.retry import Again, RetryBucket, Situation, Stop, decide, may_pass_later

RETRIED = (408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 527, 529)  # 52x are Cloudflare's
SAFE, ONCE = Repeat.SAFE, Repeat.ONLY_IF_UNSENT
UNKNOWN, REJECTED = Outcome.UNKNOWN, Outcome.REJECTED


def status(code: int, outcome: Outcome = UNKNOWN, retry_after: float | None = None) -> ApiError:
    return api_error_class(code)("x", status=code, outcome=outcome, retry_after=retry_after)


def situation(error, repeat=SAFE, **other):
    settings = {"attempt": 1, "max_retries": 2, "remaining": 30.0, "tokens": 500, "chance": 0.5} | other
    return Situation(repeat=repeat, error=error, **settings)


@pytest.mark.promise("P3")
@pytest.mark.parametrize(
    ("error", "safe_again", "once_again"),
    [
        pytest.param(ConnectFailed("x"), True, True, id="never left"),
        pytest.param(TimedOut("x"), True, False, id="timed out"),
        pytest.param(Disconnected("x"), True, False, id="disconnected"),
        pytest.param(InvalidResponse("x"), True, False, id="answer not understood"),
        pytest.param(InvalidResponse("x", outcome=Outcome.APPLIED), False, False, id="carried out, answer unreadable"),
        *(pytest.param(status(code), True, False, id=str(code)) for code in RETRIED),
        pytest.param(status(429, REJECTED), True, False, id="429"),
        *(pytest.param(status(code, REJECTED), False, False, id=str(code)) for code in (400, 401, 403, 404, 422)),
        *(pytest.param(status(code), False, False, id=str(code)) for code in (302, 409, 501, 599)),
    ],
)
def test_what_is_sent_again(error, safe_again, once_again):
    """Calls that are safe to repeat, and calls that are not, after each kind of failure."""
    decisions = [decide(RetryPolicy(), situation(error, repeat)) for repeat in (SAFE, ONCE)]

    assert [safe_again, once_again] == [isinstance(decision, Again) for decision in decisions]


@pytest.mark.promise("P3")
def test_a_429_is_trusted_only_when_told_so():
    """trust_429 lets a money call be sent again after a refusal by the provider's own JSON, and by nothing else."""
    policy = RetryPolicy(trust_429=True)

    assert isinstance(decide(policy, situation(status(429, REJECTED), ONCE)), Again)
    assert isinstance(decide(policy, situation(status(429, UNKNOWN), ONCE)), Stop)
    assert isinstance(decide(policy, situation(status(503, UNKNOWN), ONCE)), Stop)


@pytest.mark.parametrize(
    ("attempt", "chance", "wait"), [(1, 0.0, 0.0), (1, 0.5, 0.125), (2, 0.5, 0.25), (3, 0.999, 0.999), (9, 0.5, 4.0)]
)
def test_waits_grow_with_full_jitter_up_to_the_cap(attempt, chance, wait):
    """Drawn from [0, base * 2^n), n from 0, at most the cap."""
    decision = decide(RetryPolicy(), situation(TimedOut("x"), attempt=attempt, chance=chance, max_retries=99))

    assert Again(pytest.approx(wait), RetryBucket.COST) == decision


def test_throttling_waits_longer_and_costs_less():
    """After a 429 the base is a second."""
    assert Again(0.5, RetryBucket.THROTTLED_COST) == decide(RetryPolicy(), situation(status(429, REJECTED)))


def test_retry_after_is_a_least():
    """What the provider asks for, and some jitter on top."""
    assert Again(7.5, RetryBucket.THROTTLED_COST) == decide(
        RetryPolicy(), situation(status(429, REJECTED, retry_after=7.0))
    )


@pytest.mark.promise("P4")
@pytest.mark.parametrize("retry_after", [30.0, 9000.0, 4e6])
def test_a_retry_after_beyond_the_deadline_stops_at_once(retry_after):
    """No waiting for what cannot succeed in time."""
    assert Stop() == decide(RetryPolicy(), situation(status(429, REJECTED, retry_after=retry_after)))


@pytest.mark.promise("P4")
@pytest.mark.parametrize("other", [{"attempt": 3}, {"max_retries": 0}, {"tokens": 13}, {"remaining": 0.1}], ids=repr)
def test_budgets_end_retries(other):
    """Attempts, the client's bucket and the deadline each have the last word."""
    assert Stop() == decide(RetryPolicy(), situation(TimedOut("x"), **other))


ERRORS = st.sampled_from([TimedOut("x"), Disconnected("x"), ConnectFailed("x"), InvalidResponse("x")]) | st.builds(
    status,
    st.integers(300, 599),
    st.sampled_from([UNKNOWN, REJECTED]),
    st.none() | st.floats(0, 1e9),
)


@pytest.mark.promise("P3", "P4")
@given(
    error=ERRORS,
    repeat=st.sampled_from([SAFE, ONCE]),
    attempt=st.integers(1, 2000),
    remaining=st.floats(-10, 100),
    tokens=st.integers(0, 500),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_no_decision_breaks_a_promise(error, repeat, attempt, remaining, tokens, chance):
    """Never a money call that may have left, never past the deadline, never on credit."""
    decision = decide(
        RetryPolicy(),
        situation(error, repeat, attempt=attempt, max_retries=5000, remaining=remaining, tokens=tokens, chance=chance),
    )

    if isinstance(decision, Again):
        assert repeat is SAFE or error.outcome is Outcome.NOT_SENT
        assert 0 <= decision.wait < remaining
        assert decision.cost <= tokens


def test_the_bucket_stops_a_storm_and_fills_again():
    """10 000 calls in a full outage cost at most 5 % more sends; successes give the budget back."""
    bucket, sends = RetryBucket(), 0
    for _ in range(10_000):
        for attempt in (1, 2, 3):
            sends += 1
            decision = decide(
                RetryPolicy(), situation(ProviderError("x", status=500), attempt=attempt, tokens=bucket.tokens)
            )
            if not isinstance(decision, Again):
                break
            bucket.spend(decision.cost)

    assert 10_035 == sends
    for _ in range(600):
        bucket.reward(0)
    assert RetryBucket.CAPACITY == bucket.tokens


@pytest.mark.parametrize("numbers", [{"base": 0}, {"base": 9}, {"throttled_base": -1}, {"cap": 0.1}], ids=repr)
def test_a_policy_that_cannot_work_is_refused(numbers):
    """Zero or negative bases, or a cap below them."""
    with pytest.raises(ConfigurationError):
        RetryPolicy(**numbers)


def test_rate_limited_is_an_api_error():
    """So that one except clause catches every answer of the provider."""
    assert issubclass(RateLimited, ApiError)


MAY_PASS = [
    (ConnectFailed("refused"), True, True),
    (TimedOut("silence"), True, False),
    (Disconnected("lost"), True, False),
    (ConfigurationError("no key"), False, False),
    (InvalidRequest("no id"), False, False),
    (InvalidResponse("cut"), True, False),
    (InvalidResponse("odd", outcome=Outcome.APPLIED), False, False),
    *[(status(code, REJECTED), True, True) for code in (401, 403, 429)],
    *[(status(code, REJECTED), False, False) for code in (400, 404, 406, 422)],
    *[(status(code), True, False) for code in (401, 403, 408, 425, 429, 500, 503, 520, 599)],
    *[(status(code), False, False) for code in (302, 402, 409, 418, 499)],
]


@pytest.mark.parametrize(("error", "if_safe", "if_once_only"), MAY_PASS, ids=range(len(MAY_PASS)))
def test_whether_the_same_call_may_pass_later(error, if_safe, if_once_only):
    """Never where a call that moves money may have been carried out, nor where only another request could pass."""
    assert (if_safe, if_once_only) == (
        may_pass_later(Repeat.SAFE, error),
        may_pass_later(Repeat.ONLY_IF_UNSENT, error),
    )
