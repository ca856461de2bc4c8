"""The attributes of spans, metrics and log records. An attribute has the same name and meaning everywhere.

Values are numbers, or come from fixed sets (endpoints, outcomes, names of classes, statuses). A value is never a
header, a body, an id, an amount, or a text of the provider or of a user. The only exceptions are the merchant's
reference and the digest of the body, in log records about a cancelled call that may have been carried out.
"""

from typing import Final

from paycombat_async._protocol.drift import Drift
from paycombat_async._protocol.messages import Attempt, Call
from paycombat_async.errors import PayCombatError

# These names are from OpenTelemetry's semantic conventions for HTTP clients, version 1.23.0 and later. `url.template`
# is from version 1.29.0.
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
ELAPSED: Final = "paycombat.elapsed"  # the duration in seconds
WAIT: Final = "paycombat.wait"  # the seconds until the next attempt
REPLAYED: Final = "paycombat.replayed"
RECORDED: Final = "paycombat.recorded"
REFERENCE: Final = "paycombat.reference"  # only in log records about a cancelled call that may have been carried out
BODY_DIGEST: Final = "paycombat.body_digest"
BATCH: Final = "paycombat.batch"  # the prefix for a batch's counts of rows, as in "paycombat.batch.updated"
DRIFT_KIND: Final = "paycombat.drift.kind"
DRIFT_PATH: Final = "paycombat.drift.path"
EVENT: Final = "paycombat.event"  # the class of a webhook, as in "PayinSucceeded"
EVENT_NUMBER: Final = "paycombat.event.number"  # the number of a webhook in the inbox

SUCCESS: Final = "success"  # the value of `paycombat.outcome` for a call without an error
RAW: Final = "request"  # the value of `paycombat.endpoint` for `client.request()`; its path may contain an id

Value = str | int | float | bool


def endpoint_name(name: str) -> str:
    """Returns the name of an endpoint, such as "payouts.create", or "request" for `client.request()`."""
    return RAW if "/" in name else name


def attempt_fields(attempt: Attempt) -> dict[str, Value]:
    """Returns the attributes of a log record about an attempt. Values that are None are left out."""
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
    """Returns the `error.type` of an attempt, or None after a success.

    The `error.type` is the HTTP status, such as "503", if the status is 400 or more, and otherwise the name of the
    error's class.
    """
    if attempt.outcome is None:
        return None
    return str(attempt.status) if attempt.status is not None and attempt.status >= 400 else attempt.error


def call_fields(call: Call) -> dict[str, Value]:
    """Returns the attributes of the span of a call that has ended. Values that are None are left out."""
    fields: dict[str, Value] = {OUTCOME: outcome_of(call), ATTEMPTS: call.attempts}
    if call.error is not None:
        fields[ERROR] = call.error
    if call.is_replayed:
        fields[REPLAYED] = True
    if call.is_recorded is not None:
        fields[RECORDED] = call.is_recorded
    return fields


def given_up_fields(endpoint: str, error: PayCombatError, reference: str | None) -> dict[str, Value]:
    """Returns the attributes of a log record about a cancelled call. Values that are None are left out."""
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
    """Returns the attributes of a log record about a field of an answer that differs from the documented schema."""
    return {ENDPOINT: endpoint_name(drift.endpoint), DRIFT_KIND: str(drift.kind), DRIFT_PATH: drift.path}


def error_fields(error: BaseException) -> dict[str, Value]:
    """Returns the attribute of a log record about an error, which is the name of the error's class."""
    return {ERROR: type(error).__name__}


def outcome_of(call: Call) -> str:
    """Returns "success", or the outcome of a failed call, such as "unknown"."""
    return SUCCESS if call.outcome is None else call.outcome.value


def _present(fields: dict[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if value is not None}
