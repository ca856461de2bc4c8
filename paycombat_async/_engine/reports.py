"""Describes a call and its attempts, as attributes of errors and as reports for the user's hooks. No I/O."""

from paycombat_async._engine.lifetime import CallUnderWay
from paycombat_async._protocol.echo import annotate_error, reference_of
from paycombat_async._protocol.messages import Attempt, Call
from paycombat_async.errors import AnswerNotKept, ApiError, ConnectFailed, Disconnected, InvalidResponse, PayCombatError
from paycombat_async.retry import may_pass_later


def describe(error: PayCombatError, call: CallUnderWay) -> None:
    """Sets the attributes of `error` from which the caller decides what to do, such as outcome and reference."""
    annotate_error(error, call.endpoint, call.request, call.body, attempts=call.attempts, in_doubt=call.is_in_doubt)
    if call.reference is not None and error.body_digest is not None:
        error.reference = call.reference
    error.may_pass_later = may_pass_later(call.endpoint.repeat, error)


def not_kept(call: CallUnderWay, problem: str) -> AnswerNotKept:
    """Returns the error for a call that was carried out before, but has no recorded answer and cannot be looked up."""
    error = AnswerNotKept(
        f"{call.endpoint.name}: carried out before with this reference, but its answer was not kept{problem}"
    )
    describe(error, call)
    return error


def fate_of_cut(call: CallUnderWay, cut: BaseException) -> PayCombatError:
    """Returns an error that describes a call which was cancelled, interrupted or ended by another exception (`cut`).

    The outcome of the error is:

    - APPLIED (`AnswerNotKept`) if the call was only looking up the answer to an earlier call with the same reference;
    - UNKNOWN if an earlier attempt may have been carried out;
    - NOT_SENT if no attempt was under way;
    - else the outcome of `cut.__cause__`, the error of the transport, or UNKNOWN if there is no such error.
    """
    fate: PayCombatError
    if call.is_replayed:
        fate = AnswerNotKept(
            f"{call.endpoint.name} was carried out before; it was given up while its answer was sought"
        )
    elif not call.is_sending and not call.is_in_doubt:
        fate = ConnectFailed(f"{call.endpoint.name} was given up before an attempt; nothing more was sent")
    elif call.is_sending and isinstance(cut.__cause__, PayCombatError):
        fate = cut.__cause__
    else:
        fate = Disconnected(f"{call.endpoint.name} was given up; whether it was carried out is unknown")
    describe(fate, call)
    return fate


def successful_attempt(call: CallUnderWay, now: float) -> Attempt:
    """Returns the report of a successful attempt. `now` is in monotonic seconds."""
    return Attempt(call.endpoint.name, call.attempts, call.status, None, now - call.attempt_begun, None)


def failed_attempt(
    call: CallUnderWay, error: PayCombatError, now: float, wait: float | None, raised: BaseException | None = None
) -> Attempt:
    """Returns the report of an attempt that ended with `error`.

    `raised` is the exception that has ended the attempt from outside, such as a cancellation, or None. `now` is in
    monotonic seconds. `wait` is the time in seconds until the next attempt, or None if no attempt follows.
    """
    return Attempt(
        endpoint=call.endpoint.name,
        number=call.attempts,
        status=(error.status if isinstance(error, ApiError) else call.status) or None,
        outcome=error.outcome,
        elapsed=now - call.attempt_begun,
        wait=wait,
        error=type(error if raised is None else raised).__name__,
    )


def call_report(
    call: CallUnderWay,
    raised: BaseException | None,
    fate: PayCombatError | None,
    request_id: str | None,
    *,
    elapsed: float,
    show_reference: bool,
) -> Call:
    """Returns the report of a call.

    `raised` is the exception that the caller gets. `fate` is the error that says whether the call was carried out; it
    differs from `raised` if the call was cancelled, for example. Both are None after a success.
    """
    if isinstance(fate, ApiError | InvalidResponse):
        request_id = fate.request_id
    return Call(
        endpoint=call.endpoint.name,
        outcome=None if fate is None else fate.outcome,
        error=None if raised is None else type(raised).__name__,
        status=call.status or None,
        attempts=call.attempts,
        elapsed=elapsed,
        request_id=request_id,
        reference=(call.reference or reference_of(call.endpoint, call.request)) if show_reference else None,
        is_replayed=call.is_replayed,
        is_recorded=call.is_recorded,
    )
