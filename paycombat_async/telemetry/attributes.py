"""Names of what spans, metrics and log records say about a call, and their values. One name for one thing everywhere.

Values come from fixed sets (endpoints, outcomes, names of classes, statuses) or are numbers: never a header, a body, an
id, an amount, a reference or a text of the provider or of a user.
"""

from typing import Final

from paycombat_async._protocol.drift import Drift
from paycombat_async._protocol.messages import Attempt, Call
from paycombat_async.errors import PayCombatError

# OpenTelemetry's semantic conventions for HTTP clients, version 1.23.0 and later; `url.template` is 1.29.0.
METHOD: Final = "http.request.method"
STATUS: Final = "http.response.status_code"
RESEND_COUNT: Final = "http.request.resend_count"
SERVER: Final = "server.address"
PORT: Final = "server.port"
TEMPLATE: Final = "url.template"
ERROR: Final = "error.type"

ENDPOINT: Final = "paycombat.endpoint"
OUTCOME: Final = "paycombat.outcome"
ATTEMPT: Final = "paycombat.attempt"
ATTEMPTS: Final = "paycombat.attempts"
ELAPSED: Final = "paycombat.elapsed"  # seconds
WAIT: Final = "paycombat.wait"  # seconds until the next attempt
REPLAYED: Final = "paycombat.replayed"
RECORDED: Final = "paycombat.recorded"
REFERENCE: Final = "paycombat.reference"  # in log records only, and only where it is the evidence of a payment
BODY_DIGEST: Final = "paycombat.body_digest"
BATCH: Final = "paycombat.batch"  # its counts of rows, as in "paycombat.batch.updated"
DRIFT_KIND: Final = "paycombat.drift.kind"
DRIFT_PATH: Final = "paycombat.drift.path"
EVENT: Final = "paycombat.event"  # the class of a webhook, as in "PayinSucceeded"
EVENT_NUMBER: Final = "paycombat.event.number"  # its number in the inbox

SUCCESS: Final = "success"  # `paycombat.outcome` of a call without an error
RAW: Final = "request"  # `paycombat.endpoint` of `client.request()`, whose path may contain an id

Value = str | int | float | bool


def endpoint_name(name: str) -> str:
    """Returns the name of an endpoint, as in "payouts.create", and "request" for `client.request()`."""
    return RAW if "/" in name else name


def attempt_fields(attempt: Attempt) -> dict[str, Value]:
    """Returns what a log record says about an attempt; what is None is left out."""
    return _present(
        {
            ENDPOINT: endpoint_name(attempt.endpoint),
            ATTEMPT: attempt.number,
            STATUS: attempt.status,
            OUTCOME: SUCCESS if attempt.outcome is None else attempt.outcome.value,
            ERROR: attempt_error(attempt),
            ELAPSED: attempt.elapsed,
            WAIT: attempt.wait,
        }
    )


def attempt_error(attempt: Attempt) -> str | None:
    """Returns `error.type` of an attempt: its status if that is an error's, as in "503", else the error's class."""
    if attempt.outcome is None:
        return None
    return str(attempt.status) if attempt.status is not None and attempt.status >= 400 else attempt.error


def call_fields(call: Call) -> dict[str, Value]:
    """Returns what a span says about a call that has ended; what is None is left out."""
    fields: dict[str, Value] = {OUTCOME: outcome_of(call), ATTEMPTS: call.attempts}
    if call.error is not None:
        fields[ERROR] = call.error
    if call.is_replayed:
        fields[REPLAYED] = True
    if call.is_recorded is not None:
        fields[RECORDED] = call.is_recorded
    return fields


def given_up_fields(endpoint: str, error: PayCombatError, reference: str | None) -> dict[str, Value]:
    """Returns what a log record says about a call that was cancelled; what is None is left out."""
    return _present(
        {
            ENDPOINT: endpoint_name(endpoint),
            OUTCOME: error.outcome.value,
            ATTEMPTS: error.attempts,
            REFERENCE: reference,
            BODY_DIGEST: error.body_digest,
        }
    )


def drift_fields(drift: Drift) -> dict[str, Value]:
    """Returns what a log record says about a field of an answer that differs from the schema."""
    return {ENDPOINT: endpoint_name(drift.endpoint), DRIFT_KIND: str(drift.kind), DRIFT_PATH: drift.path}


def error_fields(error: BaseException) -> dict[str, Value]:
    """Returns what a log record says about an error: its class."""
    return {ERROR: type(error).__name__}


def outcome_of(call: Call) -> str:
    """Returns "success", or the outcome of a failed call, as in "unknown"."""
    return SUCCESS if call.outcome is None else call.outcome.value


def _present(fields: dict[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if value is not None}
