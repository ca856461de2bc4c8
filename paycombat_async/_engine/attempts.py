"""Sends the HTTP request of a call, several times if needed, until there is an answer or a final error."""

from typing import Any, Final, TypeVar

from msgspec import Struct, field

from paycombat_async._clock import Clock
from paycombat_async._engine.credentials import Credentials
from paycombat_async._engine.hooks import Hooks
from paycombat_async._engine.lifetime import CallUnderWay, Lifetime
from paycombat_async._engine.records import CallRecord
from paycombat_async._engine.reports import describe, failed_attempt, successful_attempt
from paycombat_async._engine.turns import wait_for_turn
from paycombat_async._protocol.echo import check_echoed_fields
from paycombat_async._protocol.interpret import interpret
from paycombat_async._protocol.messages import Draft, RawReply, Transport
from paycombat_async._protocol.reply import DecodedReply, Reply
from paycombat_async._secrets import Redactor
from paycombat_async._settings import Limits
from paycombat_async.endpoints import Endpoint, Repeat
from paycombat_async.errors import ConnectFailed, InvalidResponse, Outcome, PayCombatError
from paycombat_async.limiters.limiter import Limiter
from paycombat_async.retry import LAST_SHARE, STOP, Again, Decision, RetryBucket, RetryPolicy, Situation, decide

Q = TypeVar("Q")
R = TypeVar("R")

# If the error of a call has one of these outcomes, the call may have been carried out.
_DOUBTFUL: Final = frozenset({Outcome.UNKNOWN, Outcome.APPLIED})

_ONCE: Final = Repeat.ONLY_IF_UNSENT  # read only once, because it takes time to read a member of an enum


class Attempts(Struct, frozen=True):
    """Sends the HTTP requests of calls, and repeats them if needed. One attempt is one request.

    The copies that `Engine.with_options` makes have other settings, but share three objects: the credentials, the
    budget of retries (`bucket`), and whether the client is open (`lifetime`).
    """

    credentials: Credentials
    transport: Transport
    clock: Clock
    policy: RetryPolicy
    limits: Limits
    hooks: Hooks
    lifetime: Lifetime
    bucket: RetryBucket = field(default_factory=RetryBucket)
    limiter: Limiter | None = None

    async def carry_out(self, endpoint: Endpoint[Q, R], request: Q, outgoing: Draft, call: CallUnderWay) -> Reply[R]:
        """Sends the request until there is a reply, or raises the error that ends the call.

        Keeps the fields of `call` up to date, such as the number of attempts.
        """
        deadline, last_cost = call.begun + self.limits.timeout, 0
        # The time for recording the call in the intents store is not part of the first attempt.
        call.attempt_begun = call.begun if call.record is None else self.clock.monotonic()
        while True:
            if self.limiter is not None:
                try:
                    await self._wait_for_turn(self.limiter, endpoint, deadline - call.attempt_begun)
                except PayCombatError as error:
                    # A limiter may raise an error of a call that it made itself. That error's outcome says nothing
                    # about `call`.
                    error.outcome = Outcome.NOT_SENT
                    result: PayCombatError = error
                    break
                call.attempt_begun = self.clock.monotonic()
            if call.record is not None and self._is_too_late(call.record, deadline - call.attempt_begun):
                result = ConnectFailed(f"{endpoint.name}: its time was over before it was sent")
                break
            call.attempts, call.status, call.is_sending = call.attempts + 1, 0, True
            try:
                sent = outgoing if call.trace is None else call.trace.start_attempt(outgoing, call.attempts)
                raw = await self.transport.send(sent, self._attempt_timeout(call, deadline))
                call.status = raw.status
                reading = self._interpret(endpoint, request, raw)
            except PayCombatError as error:
                result = error  # raised at the end, outside all `except` blocks, so that it has no `__context__`
            else:
                now = self.clock.monotonic()
                # The flags of `call` are set before the hooks run, because a hook may raise KeyboardInterrupt.
                call.is_in_doubt, call.is_sending = endpoint.method != "GET", False
                if call.trace is not None or self.hooks.wants_attempts:
                    self.hooks.attempt_ended(successful_attempt(call, now), call.trace)
                self.bucket.reward(last_cost)
                elapsed = now - call.begun
                return Reply(reading.data, reading.request_id, call.attempts, elapsed, endpoint, raw, reading.echo)
            now = self.clock.monotonic()
            # The flags of `call` are set before the hooks run, because a hook may raise KeyboardInterrupt.
            is_doubtful = result.outcome in _DOUBTFUL and endpoint.method != "GET"
            call.is_in_doubt, call.is_sending = call.is_in_doubt or is_doubtful, False
            decision = self._decide(endpoint, result, call.attempts, deadline - now)
            wait = decision.wait if isinstance(decision, Again) else None
            self.hooks.attempt_ended(failed_attempt(call, result, now, wait), call.trace)
            if not isinstance(decision, Again):
                break
            self.bucket.spend(last_cost := decision.cost)
            await self.clock.sleep(decision.wait)
            if self.lifetime.is_over:
                break
            del result  # The error refers to this frame, so a variable with the error would make a reference cycle.
            call.attempt_begun = self.clock.monotonic()
        describe(result, call)
        try:
            raise result
        finally:
            del result  # The error refers to this frame, so a variable with the error would make a reference cycle.

    async def _wait_for_turn(self, limiter: Limiter, endpoint: Endpoint[Q, R], remaining: float) -> None:
        """Waits until the limiter allows a request.

        Raises `ConnectFailed` (outcome NOT_SENT) if the wait takes longer than `remaining` seconds. For a call that
        must happen once, the wait must end earlier, by a tenth of the client's timeout.
        """
        if endpoint.repeat is Repeat.ONLY_IF_UNSENT:
            # Nothing is sent in the last tenth of the timeout, because the answer would come too late.
            remaining -= self.limits.timeout * LAST_SHARE
        await wait_for_turn(limiter, self.clock, endpoint.name, remaining)

    def _is_too_late(self, record: CallRecord, remaining: float) -> bool:
        """Returns True if a recorded call must not be sent any more.

        A call must not be sent after the client was closed. Nor must it be sent after its deadline, because the intents
        store soon counts the outcome of the call as unknown.
        """
        return remaining <= 0 or self.clock.now() >= record.send_until or self.lifetime.is_over

    def _attempt_timeout(self, call: CallUnderWay, deadline: float) -> float:
        """Returns the time, in seconds, after which this attempt ends without an answer.

        An attempt of a call that must happen once has all the time until `deadline`. For any other call, the time until
        `deadline` is divided equally among the attempts that are left.
        """
        remaining = deadline - call.attempt_begun
        if call.endpoint.repeat is _ONCE:
            return remaining
        return remaining / max(1, self.limits.max_retries - call.attempts + 2)

    def _interpret(self, endpoint: Endpoint[Q, R], request: Q, raw: RawReply) -> DecodedReply:
        """Returns the decoded answer, and reports to the hooks how it differs from the documented schema.

        With `strict_responses`, a difference raises `InvalidResponse` instead.
        """
        hooks = self.hooks
        redact = self.credentials.config.redact  # The property `self.config` would be slower.
        reading = interpret(endpoint, raw, now=self.clock.now, redact=redact, closely=hooks.wants_drift)
        if endpoint.echoes:
            reading = check_echoed_fields(endpoint, request, reading, raw, redact)
        if reading.notes:
            if hooks.strict_responses:
                raise _strict_error(endpoint, raw, reading, redact)
            hooks.drifted(endpoint, reading.notes, redact)
        return reading

    def _decide(self, endpoint: Endpoint[Q, R], error: PayCombatError, number: int, remaining: float) -> Decision:
        if self.lifetime.is_over:
            return STOP
        if endpoint.repeat is Repeat.ONLY_IF_UNSENT:
            # Nothing is sent in the last tenth of the timeout, because the answer would come too late.
            remaining -= self.limits.timeout * LAST_SHARE
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


def _strict_error(
    endpoint: Endpoint[Any, Any], raw: RawReply, reading: DecodedReply, redact: Redactor
) -> InvalidResponse:
    fields = ", ".join(f"{redact(note.path)} ({note.kind})" for note in reading.notes or ())
    return InvalidResponse(
        f"{endpoint.name}: carried out, but the answer differs from the schema: {fields}",
        status=raw.status,
        request_id=reading.request_id,
        outcome=Outcome.APPLIED,
    )
