"""The loop of one call: draft once, then send, understand, decide, wait. The only `while` and the only sleep."""

import logging
import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from paycombat_async._clock import Clock
from paycombat_async._drift import Drift, Note
from paycombat_async._echo import describe, with_echoes
from paycombat_async._messages import Account, Attempt, RawReply, Reading, Reply, Transport, with_endpoint
from paycombat_async._protocol import draft, interpret
from paycombat_async._secrets import Redactor
from paycombat_async._settings import Limits
from paycombat_async._target import is_loopback
from paycombat_async.endpoints import Endpoint, Evidence, Repeat
from paycombat_async.errors import (
    ApiError,
    ConfigurationError,
    InvalidResponse,
    Outcome,
    PayCombatError,
    UnverifiedEndpointWarning,
)
from paycombat_async.retry import STOP, Again, Decision, RetryBucket, RetryPolicy, Situation, decide

Q = TypeVar("Q")
R = TypeVar("R")
T = TypeVar("T")

_log: Final = logging.getLogger("paycombat")
_log.addHandler(logging.NullHandler())
_warned: Final[set[str]] = set()


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the user wants to be told of."""

    on_drift: Callable[[Drift], None] | None
    on_attempt: Callable[[Attempt], None] | None
    strict_responses: bool
    on_failed: Callable[[Attempt], None] | None = None  # told of failed attempts only: the others cost nothing then


@dataclass(slots=True)
class Lifetime:
    """Whether a client is still open; a client and those made by its `with_options` share one."""

    close_transport: Callable[[], Awaitable[None]] | None
    is_closed: bool = False

    async def end(self) -> None:
        self.is_closed = True
        if self.close_transport is not None:
            await self.close_transport()


@dataclass(frozen=True, slots=True)
class Engine:
    """Carries out calls. Immutable but for the bucket and the lifetime, which copies share."""

    account: Account
    transport: Transport
    clock: Clock
    policy: RetryPolicy
    limits: Limits
    hooks: Hooks
    lifetime: Lifetime
    bucket: RetryBucket = field(default_factory=RetryBucket)

    def with_options(
        self,
        timeout: float | None,
        max_retries: int | None,
        on_attempt: Callable[[Attempt], None] | None,
    ) -> "Engine":
        """A copy with other settings; None keeps one."""
        hooks = self.hooks if on_attempt is None else replace(self.hooks, on_attempt=on_attempt)
        return replace(self, limits=self.limits.with_options(timeout, max_retries), hooks=hooks)

    async def send(
        self,
        endpoint: Endpoint[Q, R],
        request: Q,
        path: Mapping[str, str],
        query: Mapping[str, str | int] | None = None,
        *,
        body: bytes | None = None,
    ) -> Reply[R]:
        """The whole reply, after as many attempts as the endpoint and the deadline allow. For `body` see `draft`."""
        if self.lifetime.is_closed or endpoint.evidence is Evidence.INFERRED:
            self._refuse_or_warn(endpoint)
        outgoing = draft(endpoint, request, path, query, self.account, body=body)
        begun = started = self.clock.monotonic()
        deadline = begun + self.limits.timeout
        number, last_cost, in_doubt = 0, 0, False
        while True:
            number, status = number + 1, 0
            try:
                raw = await self.transport.send(outgoing, self._share(endpoint, deadline - started, number))
                status = raw.status
                reading = self._understood(endpoint, request, raw)
            except PayCombatError as error:
                result = error  # raised below, out of here: it then carries no context along
            else:
                now = self.clock.monotonic()
                if self.hooks.on_attempt is not None or _log.isEnabledFor(logging.DEBUG):
                    self._tell_attempt(Attempt(endpoint.name, number, status, None, now - started, None))
                self.bucket.reward(last_cost)
                return Reply(reading.data, reading.request_id, number, now - begun, endpoint, raw, reading.echo)
            now = self.clock.monotonic()
            decision = self._decide(endpoint, result, number, deadline - now)
            self._tell_attempt(_failed(endpoint, number, status, result, now - started, decision))
            if not isinstance(decision, Again):
                break
            in_doubt = in_doubt or (result.outcome is Outcome.UNKNOWN and endpoint.method != "GET")
            self.bucket.spend(last_cost := decision.cost)
            del result  # as below
            await self.clock.sleep(decision.wait)
            started = self.clock.monotonic()
        describe(result, endpoint, request, outgoing.body, attempts=number, in_doubt=in_doubt)
        try:
            raise result
        finally:
            del result  # an error that holds the frame that holds the error would wait for the garbage collector

    def _share(self, endpoint: Endpoint[Q, R], remaining: float, number: int) -> float:
        """Seconds for this attempt. One that cannot be repeated gets all there is; others leave some for the next."""
        if endpoint.repeat is Repeat.ONLY_IF_UNSENT:
            return remaining
        return remaining / max(1, self.limits.max_retries - number + 2)

    def _understood(self, endpoint: Endpoint[Q, R], request: Q, raw: RawReply) -> Reading:
        """What the answer says; drift is told, or refused when strict."""
        hooks = self.hooks
        closely = hooks.on_drift is not None or hooks.strict_responses
        reading = interpret(endpoint, raw, now=self.clock.now, redact=self.account.redact, closely=closely)
        if endpoint.echoes:
            reading = with_echoes(endpoint, request, reading, raw, self.account.redact)
        if reading.notes:
            if hooks.strict_responses:
                raise _too_different(endpoint, raw, reading, self.account.redact)
            self._tell_drift(endpoint, reading.notes)
        return reading

    def _decide(self, endpoint: Endpoint[Q, R], error: PayCombatError, number: int, remaining: float) -> Decision:
        if self.lifetime.is_closed:
            return STOP
        situation = Situation(
            repeat=endpoint.repeat,
            error=error,
            attempt=number,
            max_retries=self.limits.max_retries,
            remaining=remaining,
            tokens=self.bucket.tokens,
            chance=self.clock.random(),
        )
        return decide(self.policy, situation)

    def _tell_drift(self, endpoint: Endpoint[Any, Any], notes: list[Note]) -> None:
        if self.hooks.on_drift is None and not _log.isEnabledFor(logging.DEBUG):
            return
        redact = self.account.redact
        for drift in with_endpoint(endpoint, [note._replace(path=redact(note.path)) for note in notes]):
            if self.hooks.on_drift is not None:
                _tell(self.hooks.on_drift, drift)
            else:
                _log.debug("drift in %s: %s %s (%s)", drift.endpoint, drift.path, drift.kind, drift.detail)

    def _tell_attempt(self, attempt: Attempt) -> None:
        _log.debug("%s", attempt)
        if self.hooks.on_attempt is not None:
            _tell(self.hooks.on_attempt, attempt)
        if self.hooks.on_failed is not None and attempt.outcome is not None:
            _tell(self.hooks.on_failed, attempt)

    def _refuse_or_warn(self, endpoint: Endpoint[Any, Any]) -> None:
        if self.lifetime.is_closed:
            raise ConfigurationError("this client is closed; make a new one")
        if (
            endpoint.name in _warned
            or endpoint.path is None
            or endpoint.name in self.account.paths
            or is_loopback(self.account.base_url)
        ):
            return
        _warned.add(endpoint.name)
        warnings.warn(
            f"the path of {endpoint.name}, {endpoint.path}, is a guess; if the provider answers 404, "
            f"give the right one: paths={{{endpoint.name!r}: '/api/v1/…'}}",
            UnverifiedEndpointWarning,
            stacklevel=4,
        )


def _failed(  # noqa: PLR0917  # in the order of an Attempt's fields
    endpoint: Endpoint[Any, Any], number: int, status: int, error: PayCombatError, spent: float, decision: Decision
) -> Attempt:
    return Attempt(
        endpoint=endpoint.name,
        number=number,
        status=(error.status if isinstance(error, ApiError) else status) or None,
        outcome=error.outcome,
        elapsed=spent,
        wait=decision.wait if isinstance(decision, Again) else None,
    )


def _too_different(endpoint: Endpoint[Any, Any], raw: RawReply, reading: Reading, redact: Redactor) -> InvalidResponse:
    fields = ", ".join(f"{redact(note.path)} ({note.kind})" for note in reading.notes or ())
    return InvalidResponse(
        f"{endpoint.name}: carried out, but the answer differs from the schema: {fields}",
        status=raw.status,
        request_id=reading.request_id,
        outcome=Outcome.APPLIED,
    )


def _tell(hook: Callable[[T], None], news: T) -> None:
    """Calls a user's hook. Whatever it raises is logged: it must not take the answer of a payment with it."""
    try:
        hook(news)
    except Exception:  # noqa: BLE001  # a hook is foreign code: an outermost edge
        _log.exception("a hook of the PayCombat client failed")
