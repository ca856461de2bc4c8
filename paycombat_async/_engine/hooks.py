"""Reports calls to the user's hooks and to the log `paycombat`, without secrets or personal data."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec import Struct

from paycombat_async._protocol.drift import Drift, FieldIssue
from paycombat_async._protocol.messages import Attempt, Call
from paycombat_async._protocol.reply import with_endpoint
from paycombat_async._secrets import Redactor
from paycombat_async.endpoints import Endpoint, Repeat
from paycombat_async.errors import Outcome, PayCombatError
from paycombat_async.telemetry import Telemetry
from paycombat_async.telemetry.attributes import (
    ENDPOINT,
    ERROR,
    OUTCOME,
    attempt_fields,
    drift_fields,
    given_up_fields,
)

if TYPE_CHECKING:
    from paycombat_async.telemetry.call_trace import CallTrace

T = TypeVar("T")

_log: Final = logging.getLogger("paycombat")
_log.addHandler(logging.NullHandler())


class Hooks(Struct, frozen=True):
    """The functions that a user has registered to receive reports of calls, and the settings of these reports.

    `on_failed` receives the reports of failed attempts only.
    """

    on_drift: Callable[[Drift], None] | None
    on_attempt: Callable[[Attempt], None] | None
    strict_responses: bool
    on_call: Callable[[Call], None] | None = None
    show_references: bool = False
    on_failed: Callable[[Attempt], None] | None = None
    telemetry: Telemetry | None = None

    @property
    def wants_attempts(self) -> bool:
        """Whether a hook or the log needs a report of each successful attempt."""
        return self.on_attempt is not None or _log.isEnabledFor(logging.DEBUG)

    @property
    def wants_drift(self) -> bool:
        """Whether all fields of answers must be compared with the documented schema."""
        return self.on_drift is not None or self.strict_responses

    def attempt_ended(self, attempt: Attempt, trace: "CallTrace | None") -> None:
        """Reports one successful or failed attempt to its telemetry trace, to the log and to the hooks."""
        if trace is not None:
            trace.end_attempt(attempt)
        if _log.isEnabledFor(logging.DEBUG):
            fields = attempt_fields(attempt)
            what = (attempt.number, fields[ENDPOINT], attempt.status, fields[OUTCOME])
            _log.debug("attempt %d of %s ended: status %s, outcome %s", *what, extra=fields)
        if self.on_attempt is not None:
            _call_hook(self.on_attempt, attempt)
        if self.on_failed is not None and attempt.outcome is not None:
            _call_hook(self.on_failed, attempt)

    def call_ended(self, call: Call, trace: "CallTrace | None") -> None:
        """Reports the end of one successful or failed call to the hook `on_call` and to the telemetry trace.

        The trace ends after the hook, so that log records of the hook belong to the trace.
        """
        try:
            if self.on_call is not None:
                _call_hook(self.on_call, call)
        finally:  # so that the trace ends even if the hook raises KeyboardInterrupt
            if trace is not None:
                trace.end(call)

    def call_given_up(self, endpoint: Endpoint[Any, Any], error: PayCombatError, redact: Redactor) -> None:
        """Logs a call that was cancelled or interrupted, whose caller therefore gets no error of the SDK.

        If the call moves money and may have been carried out, this log record may be the only evidence of the call.
        Therefore its level is WARNING. For other calls, its level is DEBUG. The log record contains the merchant's
        reference and the digest of the body, if the error has them.
        """
        matters = endpoint.repeat is Repeat.ONLY_IF_UNSENT and error.outcome is Outcome.UNKNOWN
        reference = None if error.reference is None else redact(error.reference, 255)
        # The reference and the digest are in `extra` and also in the text, because most programs log only the text.
        _log.log(
            logging.WARNING if matters else logging.DEBUG,
            "%s was given up, outcome %s, attempts %d, reference %s, SHA-256 of the body %s",
            endpoint.name,
            error.outcome,
            error.attempts,
            reference,
            error.body_digest,
            extra=given_up_fields(endpoint.name, error, reference),
        )

    def drifted(self, endpoint: Endpoint[Any, Any], notes: list[FieldIssue], redact: Redactor) -> None:
        """Reports each difference between an answer and the schema to `on_drift`, or to the log if there is no hook.

        The level in the log is DEBUG. The differences are also counted by telemetry.
        """
        if self.telemetry is not None:
            for note in notes:
                self.telemetry.count_drift(endpoint.name, note.kind)
        if self.on_drift is None and not _log.isEnabledFor(logging.DEBUG):
            return
        for drift in with_endpoint(endpoint, [note._replace(path=redact(note.path)) for note in notes]):
            if self.on_drift is not None:
                _call_hook(self.on_drift, drift)
            else:
                what = (drift.endpoint, drift.path, drift.kind, drift.detail)
                _log.debug("drift in %s: %s %s (%s)", *what, extra=drift_fields(drift))


def _call_hook(hook: Callable[[T], None], news: T) -> None:
    """Calls a user's hook and logs an exception that the hook raises.

    The exception is not raised, because the answer about a payment must not be lost through a faulty hook.
    """
    try:
        hook(news)
    except Exception as error:  # noqa: BLE001  # a hook is the user's code and may raise anything
        _log.exception("a hook of the PayCombat client failed", extra={ERROR: type(error).__name__})
