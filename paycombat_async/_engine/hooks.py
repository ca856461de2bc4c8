"""Reports calls to the user's hooks and to the log `paycombat`, without secrets or personal data."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from paycombat_async._protocol.drift import Drift, FieldIssue
from paycombat_async._protocol.messages import Attempt, Call
from paycombat_async._protocol.reply import with_endpoint
from paycombat_async._secrets import Redactor
from paycombat_async.endpoints import Endpoint, Repeat
from paycombat_async.errors import Outcome, PayCombatError

T = TypeVar("T")

_log: Final = logging.getLogger("paycombat")
_log.addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Hooks:
    """The functions that a user has registered to receive reports of calls, and what the reports contain.

    `on_failed` receives failed attempts only, so it needs no report of a successful one.
    """

    on_drift: Callable[[Drift], None] | None
    on_attempt: Callable[[Attempt], None] | None
    strict_responses: bool
    on_call: Callable[[Call], None] | None = None
    show_references: bool = False
    on_failed: Callable[[Attempt], None] | None = None

    @property
    def wants_attempts(self) -> bool:
        """Whether a hook or the log needs a report of each successful attempt."""
        return self.on_attempt is not None or _log.isEnabledFor(logging.DEBUG)

    @property
    def wants_drift(self) -> bool:
        """Whether answers have to be compared with the schema field by field."""
        return self.on_drift is not None or self.strict_responses

    def attempt_ended(self, attempt: Attempt) -> None:
        """Reports one attempt, successful or not."""
        _log.debug("%s", attempt)
        if self.on_attempt is not None:
            _call_hook(self.on_attempt, attempt)
        if self.on_failed is not None and attempt.outcome is not None:
            _call_hook(self.on_failed, attempt)

    def call_ended(self, call: Call) -> None:
        """Reports the end of one call, successful or not."""
        if self.on_call is not None:
            _call_hook(self.on_call, call)

    def call_given_up(self, endpoint: Endpoint[Any, Any], error: PayCombatError, redact: Redactor) -> None:
        """Logs a call that was cancelled, because its caller gets a CancelledError and no error of the SDK.

        If the call moves money and may have been carried out, this log record is the only evidence of it. Its level is
        then WARNING, and it holds the merchant's reference and the digest of the body; otherwise its level is DEBUG.
        """
        matters = endpoint.repeat is Repeat.ONLY_IF_UNSENT and error.outcome is Outcome.UNKNOWN
        _log.log(
            logging.WARNING if matters else logging.DEBUG,
            "%s was given up, outcome %s, attempts %d, reference %s, SHA-256 of the body %s",
            endpoint.name,
            error.outcome,
            error.attempts,
            None if error.reference is None else redact(error.reference, 255),
            error.body_digest,
        )

    def drifted(self, endpoint: Endpoint[Any, Any], notes: list[FieldIssue], redact: Redactor) -> None:
        """Reports how an answer differs from the schema: to `on_drift`, or in the log at DEBUG if there is no hook."""
        if self.on_drift is None and not _log.isEnabledFor(logging.DEBUG):
            return
        for drift in with_endpoint(endpoint, [note._replace(path=redact(note.path)) for note in notes]):
            if self.on_drift is not None:
                _call_hook(self.on_drift, drift)
            else:
                _log.debug("drift in %s: %s %s (%s)", drift.endpoint, drift.path, drift.kind, drift.detail)


def _call_hook(hook: Callable[[T], None], news: T) -> None:
    """Calls a user's hook and logs an exception of the hook, because a broken hook must not lose a payment's answer."""
    try:
        hook(news)
    except Exception:  # noqa: BLE001  # a hook is the user's code and may raise anything
        _log.exception("a hook of the PayCombat client failed")
