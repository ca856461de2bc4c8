"""Every error of the SDK, grouped by its cause. Errors hold plain values only, so that they can be pickled.

    PayCombatError                  .outcome  .attempts  .may_pass_later  .endpoint  .reference  .body_digest  .advice
      ConfigurationError            wrong use: missing key, closed client, wrong loop
      InvalidRequest                refused before sending  .path                              NOT_SENT
      TransportError                the connection
        ConnectFailed               no byte was sent                                           NOT_SENT
        TimedOut  Disconnected      bytes may have been sent                                   UNKNOWN
      ApiError                      the provider answered with an error
                                    400, 401, 403, 404, 406, 422, 429, as its own JSON         REJECTED
                                    everything else                                            UNKNOWN
        BadRequest 400  AuthenticationFailed 401  PermissionDenied 403  NotFound 404  Conflict 409
        Unprocessable 422  RateLimited 429  ProviderError 5xx  UnexpectedRedirect 3xx
      InvalidResponse               2xx, but its body is unreadable  .raw                      UNKNOWN or APPLIED
      IntentInProgress              another call with this reference is under way .retry_after UNKNOWN
      OutcomeUnknown                an earlier call with this reference may have happened      UNKNOWN
      ReferenceReused               this reference belongs to another request                  NOT_SENT
      AnswerNotKept                 carried out before, but its answer was not recorded        APPLIED
      StoreFailed                   the intents store, the inbox or the limiter failed          NOT_SENT
      LeaseLost                     another worker may have this webhook by now                NOT_SENT
      WebhookError                  a webhook that cannot be trusted or read
        SignatureMismatch  InvalidPayload

`str(error)` never contains a secret, a value of the request, or the provider's message, which may quote personal data.
The provider's message is in `ApiError.provider_message`, so that you decide where it is shown.
"""

from enum import StrEnum


class Outcome(StrEnum):
    """Whether a call was carried out, which decides whether it may be sent again."""

    NOT_SENT = "not_sent"  # no byte of the call was sent, so it is safe to send it again
    REJECTED = "rejected"  # the provider refused the call, with a status that proves that nothing was changed
    UNKNOWN = "unknown"  # the call may have been carried out; find out before you send it again
    APPLIED = "applied"  # the call was carried out, but its answer could not be read or was not recorded


class UnverifiedEndpointWarning(UserWarning):
    """The path of this endpoint is a guess, because the provider does not document it."""


class PayCombatError(Exception):
    """The base class of all errors of this SDK. `attempts` is the number of times the call was sent.

    `may_pass_later` is True if the same call can be sent again later without harm and may then succeed: the call was
    not sent, or the provider refused it because of a rate limit or the credentials. For calls that are safe to repeat,
    `may_pass_later` is also True after failures of the provider or of the connection.

    `endpoint` is the name of the called endpoint, such as "payouts.create". If a call that must happen once may have
    been carried out, three more attributes are set: `advice` says how to find out whether it was carried out,
    `reference` is your own name for the call (such as `order_id`), and `body_digest` is the SHA-256 of the body that
    was sent.
    """

    may_pass_later: bool = False
    endpoint: str | None = None
    reference: str | None = None
    body_digest: str | None = None
    advice: str | None = None

    def __init__(self, text: str, *, outcome: Outcome = Outcome.NOT_SENT, attempts: int = 0) -> None:
        super().__init__(text)
        self.outcome = outcome
        self.attempts = attempts


class ConfigurationError(PayCombatError):
    """The SDK is configured or used in a way that cannot work. Nothing was sent."""


class InvalidRequest(PayCombatError):
    """The request was refused before sending. `path` names the field, as in `$.company.address_line2`."""

    def __init__(self, text: str, *, path: str = "$", outcome: Outcome = Outcome.NOT_SENT, attempts: int = 0) -> None:
        super().__init__(text, outcome=outcome, attempts=attempts)
        self.path = path


class TransportError(PayCombatError):
    """The connection failed, so no complete answer was received."""

    def __init__(self, text: str, *, outcome: Outcome = Outcome.UNKNOWN, attempts: int = 0) -> None:
        super().__init__(text, outcome=outcome, attempts=attempts)


class ConnectFailed(TransportError):
    """No byte of the request was sent, because no connection could be made or no time was left. Safe to send again."""

    def __init__(self, text: str, *, outcome: Outcome = Outcome.NOT_SENT, attempts: int = 0) -> None:
        super().__init__(text, outcome=outcome, attempts=attempts)


class TimedOut(TransportError):
    """The deadline passed after bytes of the request may have been sent."""


class Disconnected(TransportError):
    """The connection broke, or the answer was not HTTP, after bytes of the request may have been sent."""


class ApiError(PayCombatError):
    """The provider answered with an error.

    `status` is the HTTP status. If the HTTP status is 200, but the body reports an error, `status` is the status in the
    body. `code` and `provider_message` are the provider's error code and error message. (The attribute is not named
    `message`, because error reporters such as Sentry use an attribute `message` as the title of a report.)
    `retry_after` is in seconds. `raw` is the body, shortened and without secrets.
    """

    def __init__(
        self,
        text: str,
        *,
        status: int = 0,
        code: str | None = None,
        provider_message: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        raw: str = "",
        outcome: Outcome = Outcome.UNKNOWN,
        attempts: int = 0,
    ) -> None:
        super().__init__(text, outcome=outcome, attempts=attempts)
        self.status = status
        self.code = code
        self.provider_message = provider_message
        self.request_id = request_id
        self.retry_after = retry_after
        self.raw = raw


class BadRequest(ApiError):
    """400: the request is malformed, according to the provider."""


class AuthenticationFailed(ApiError):
    """401: wrong token or wrong signature."""


class PermissionDenied(ApiError):
    """403: the credentials do not permit this call."""


class NotFound(ApiError):
    """404: no such object, or no such path."""


class Conflict(ApiError):
    """409: the object's state does not allow the call. Whether the call changed something is unknown."""


class Unprocessable(ApiError):
    """422: the request is well formed, but the provider's rules forbid it."""


class RateLimited(ApiError):
    """429: too many calls; `retry_after` says how long to wait, if the provider said so."""


class ProviderError(ApiError):
    """5xx: the provider failed. Whether the call was carried out is unknown."""


class UnexpectedRedirect(ApiError):
    """3xx: the provider sent a redirect, which is not followed, because it would send the credentials elsewhere."""


class InvalidResponse(PayCombatError):
    """The answer is unreadable, or does not say what happened. `raw` is its body, shortened and without secrets."""

    def __init__(
        self,
        text: str,
        *,
        raw: str = "",
        status: int = 0,
        request_id: str | None = None,
        outcome: Outcome = Outcome.UNKNOWN,
        attempts: int = 0,
    ) -> None:
        super().__init__(text, outcome=outcome, attempts=attempts)
        self.raw = raw
        self.status = status
        self.request_id = request_id


class IntentInProgress(PayCombatError):
    """Another call with the same reference is under way, here or on another machine. The new call was not sent.

    `retry_after` is the number of seconds after which the other call has ended, or its outcome counts as unknown
    because its process was killed. If the store does not know that number, `retry_after` is None.
    """

    def __init__(
        self,
        text: str,
        *,
        retry_after: float | None = None,
        outcome: Outcome = Outcome.UNKNOWN,
        attempts: int = 0,
    ) -> None:
        super().__init__(text, outcome=outcome, attempts=attempts)
        self.retry_after = retry_after


class OutcomeUnknown(PayCombatError):
    """An earlier call with the same reference may have been carried out. The new call was not sent."""

    def __init__(self, text: str, *, outcome: Outcome = Outcome.UNKNOWN, attempts: int = 0) -> None:
        super().__init__(text, outcome=outcome, attempts=attempts)


class ReferenceReused(PayCombatError):
    """The reference was used before, for a request with a different body. The new request was not sent.

    The earlier call may have succeeded.
    """


class AnswerNotKept(PayCombatError):
    """The call was carried out before, but its answer is not recorded and cannot be looked up."""

    def __init__(self, text: str, *, outcome: Outcome = Outcome.APPLIED, attempts: int = 0) -> None:
        super().__init__(text, outcome=outcome, attempts=attempts)


class StoreFailed(PayCombatError):
    """The intents store, the inbox or the limiter failed. The message never contains a password.

    If the intents store or the limiter failed, nothing was sent. If the inbox failed, answer the webhook with 500, so
    that the provider sends it again.
    """


class LeaseLost(PayCombatError):
    """A worker's time for a webhook (its lease) has ended, so a second worker may have the webhook.

    Nothing was written.
    """


class WebhookError(PayCombatError):
    """A webhook has no valid signature, or its body is not an event. Answer it with 400 and do nothing else."""


class SignatureMismatch(WebhookError):
    """The signature of the body is not valid for any of the given keys."""


class InvalidPayload(WebhookError):
    """The signature is valid, but the body is not an event."""


API_ERRORS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    422: Unprocessable,
    429: RateLimited,
}


def api_error_class(status: int) -> type[ApiError]:
    """Returns the error class for an HTTP status, from `API_ERRORS` or, if it is not there, by its first digit."""
    by_hundred = {3: UnexpectedRedirect, 5: ProviderError}
    return API_ERRORS.get(status) or by_hundred.get(status // 100, ApiError)
