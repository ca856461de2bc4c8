"""Decides whether and when to send a call again, as a pure function; a token bucket prevents retry storms."""

from dataclasses import dataclass
from typing import TypeAlias

from paycombat_async.endpoints import Repeat
from paycombat_async.errors import (
    ApiError,
    ConfigurationError,
    InvalidResponse,
    Outcome,
    PayCombatError,
    StoreFailed,
    TransportError,
)

_RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 525), 527, 529})  # 52x are Cloudflare's
_THROTTLED_STATUSES = frozenset({429, 503})
_PASSING_REFUSALS = frozenset({401, 403, 429})  # may pass later, since credentials, rights and rates can change
# A call that moves money is not sent in this last share of its time: NOT_SENT is better for the caller than UNKNOWN.
LAST_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The waits between attempts, in seconds.

    After n retries, a wait is random in [0, base * 2^n), and at most `cap`. After 429 and 503, `throttled_base` is used
    instead of `base`. With `trust_429`, even calls that move money are sent again after a 429. Set it only if the
    provider confirms to you that it counts calls before it carries them out.
    """

    base: float = 0.25
    throttled_base: float = 1.0
    cap: float = 8.0
    trust_429: bool = False

    def __post_init__(self) -> None:
        if not (0 < self.base <= self.cap and 0 < self.throttled_base <= self.cap):
            raise ConfigurationError("RetryPolicy: base and throttled_base must be above 0 and at most cap")


@dataclass(frozen=True, slots=True)
class Again:
    """The decision to send again after `wait` seconds, which takes `cost` tokens from the `RetryBucket`."""

    wait: float
    cost: int


@dataclass(frozen=True, slots=True)
class Stop:
    """The decision to raise the error to the caller."""


Decision: TypeAlias = Again | Stop
STOP = Stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The facts on which a decision depends. `attempt` counts from 1; `chance` is a random number in [0, 1).

    `remaining` is the time until the deadline in seconds; `tokens` is the number of tokens left in the `RetryBucket`.
    """

    repeat: Repeat
    error: PayCombatError
    attempt: int
    max_retries: int
    remaining: float
    tokens: int
    chance: float


def decide(policy: RetryPolicy, situation: Situation) -> Decision:
    """Returns `Again` or `Stop`: `Again` for a call that must happen once only if it was certainly not carried out."""
    error = situation.error
    if situation.attempt > situation.max_retries or not _may_repeat(policy, situation.repeat, error):
        return STOP
    throttled = isinstance(error, ApiError) and error.status in _THROTTLED_STATUSES
    cost = RetryBucket.THROTTLED_COST if throttled else RetryBucket.COST
    wait = _wait(policy, situation, throttled=throttled)
    if wait >= situation.remaining or situation.tokens < cost:
        return STOP
    return Again(wait, cost)


def _may_repeat(policy: RetryPolicy, repeat: Repeat, error: PayCombatError) -> bool:
    if isinstance(error, TransportError) and error.outcome is Outcome.NOT_SENT:
        return True
    if repeat is Repeat.ONLY_IF_UNSENT:
        refused = isinstance(error, ApiError) and error.status == 429 and error.outcome is Outcome.REJECTED
        return refused and policy.trust_429
    if isinstance(error, ApiError):
        return error.status in _RETRIED_STATUSES
    return isinstance(error, TransportError | InvalidResponse) and error.outcome is Outcome.UNKNOWN


def may_pass_later(repeat: Repeat, error: PayCombatError) -> bool:
    """Returns whether the same call may be sent again later without harm, and may then succeed."""
    if isinstance(error, ApiError) and error.outcome is Outcome.REJECTED:
        return error.status in _PASSING_REFUSALS
    if isinstance(error, TransportError | StoreFailed) and error.outcome is Outcome.NOT_SENT:
        return True
    if repeat is Repeat.ONLY_IF_UNSENT:
        return False
    if isinstance(error, ApiError):
        return error.status >= 500 or error.status in _RETRIED_STATUSES | _PASSING_REFUSALS
    return isinstance(error, TransportError | InvalidResponse) and error.outcome is Outcome.UNKNOWN


def _wait(policy: RetryPolicy, situation: Situation, *, throttled: bool) -> float:
    base = policy.throttled_base if throttled else policy.base
    jitter = situation.chance * min(policy.cap, base * 2.0 ** min(situation.attempt - 1, 32))
    asked = situation.error.retry_after if isinstance(situation.error, ApiError) else None
    # Retry-After is the shortest wait; a random time is added, so that clients do not all come back at the same moment.
    return jitter if asked is None else asked + situation.chance * base


class RetryBucket:
    """A budget of retries shared by all calls of a client: in a full outage retries stop after a few dozen.

    Capacity and costs are those of AWS's SDKs: 10 000 calls in an outage are sent 10 035 times, not 30 000 times.
    """

    CAPACITY = 500
    COST = 14
    THROTTLED_COST = 5

    __slots__ = ("tokens",)

    def __init__(self) -> None:
        self.tokens = self.CAPACITY

    def spend(self, cost: int) -> None:
        self.tokens = max(0, self.tokens - cost)

    def reward(self, last_cost: int) -> None:
        """Gives back, after a success, the cost of the retry before it, or one token if there was no retry."""
        if self.tokens < self.CAPACITY:
            self.tokens = min(self.CAPACITY, self.tokens + (last_cost or 1))
