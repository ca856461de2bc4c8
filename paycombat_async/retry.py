"""Decides whether and when to send a call again. A token bucket limits the retries while the provider is down."""

from dataclasses import dataclass
from typing import TypeAlias

from msgspec import Struct

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

# The statuses 520 to 524 and 527 are from Cloudflare, and not in a standard.
_RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 525), 527, 529})
_THROTTLED_STATUSES = frozenset({429, 503})

# A call that was refused with one of these statuses may succeed later, because credentials, rights and rates can
# change.
_PASSING_REFUSALS = frozenset({401, 403, 429})

# A call that moves money is not sent in the last tenth of its time, because it would probably end without an answer. An
# error with the outcome NOT_SENT is better for the caller than an error with UNKNOWN.
LAST_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The waits between attempts, in seconds.

    After n retries, the next wait is random between 0 and `base` * 2^n seconds, but at most `cap`. After the statuses
    429 and 503, `throttled_base` is used instead of `base`. With `trust_429`, even calls that move money are sent again
    after a 429. Set `trust_429` only if the provider confirms to you that a call answered with 429 is never carried
    out.
    """

    base: float = 0.25
    throttled_base: float = 1.0
    cap: float = 8.0
    trust_429: bool = False

    def __post_init__(self) -> None:
        if not (0 < self.base <= self.cap and 0 < self.throttled_base <= self.cap):
            raise ConfigurationError("RetryPolicy: base and throttled_base must be above 0 and at most cap")


class Again(Struct, frozen=True):
    """The decision to send the call again after `wait` seconds. A retry takes `cost` tokens from the `RetryBucket`."""

    wait: float
    cost: int


class Stop(Struct, frozen=True):
    """The decision to raise the error to the caller."""


Decision: TypeAlias = Again | Stop
STOP = Stop()


class Situation(Struct, frozen=True, kw_only=True):
    """The facts on which the decision about a retry depends.

    `attempt` is the number of the failed attempt, counted from 1. `remaining` is the time until the deadline in
    seconds. `tokens` is the number of tokens left in the `RetryBucket`. `chance` is a random number in [0, 1).
    """

    repeat: Repeat
    error: PayCombatError
    attempt: int
    max_retries: int
    remaining: float
    tokens: int
    chance: float


def decide(policy: RetryPolicy, situation: Situation) -> Decision:
    """Returns `Again` if the call should be sent again, and `Stop` otherwise.

    A call that must happen once is sent again only if it was certainly not carried out. Every call stops if it has no
    retry left, if the wait would pass its deadline, or if the `RetryBucket` has too few tokens for a retry.
    """
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
    """Whether the same call can be sent again later without harm and may then succeed."""
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
    # The wait is never shorter than the provider's Retry-After. A random time is added to it, so that clients do not
    # all send their next attempts at the same moment.
    return jitter if asked is None else asked + situation.chance * base


class RetryBucket:
    """A budget of retries that all calls of a client share. In a full outage, retries stop after a few dozen.

    The capacity and the costs are those of AWS's SDKs. With them, 10 000 calls in an outage, with two retries each,
    make 10 035 requests. Without a budget, they would make 30 000.
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
        """Gives tokens back after a successful call: the cost of its last retry, or one token if it had no retry."""
        if self.tokens < self.CAPACITY:
            self.tokens = min(self.CAPACITY, self.tokens + (last_cost or 1))
