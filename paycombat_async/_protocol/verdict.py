"""Finds out whether an envelope reports that the call succeeded, and which HTTP statuses the envelope contains.

The provider documents no answer to a failed call, so all usual forms are understood: a word, a number, an error object.
An unknown form counts neither as a success nor as a failure.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from paycombat_async.schemas.envelope import Envelope

# These HTTP statuses prove that the provider refused the request, so that nothing was changed. Other error statuses do
# not prove it: 402, 409 and 425 report the state of an object, 408 and 499 report a time-out ("it may already have been
# processed"), and 5xx reports a failure of the server.
PROOFS_OF_REFUSAL: Final = frozenset({400, 401, 403, 404, 406, 422, 429})

_WORDS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "ok", "okay", "success", "successful", "succeeded", "yes"), True),
    **dict.fromkeys(("false", "no", "nok", "not_ok", "ko", "fail", "failed", "failure", "err", "error"), False),
    **dict.fromkeys(("errored", "invalid", "rejected", "refused", "declined", "denied", "unsuccessful"), False),
}
_STATUS_KEYS: Final = ("code", "status", "status_code", "statusCode")
_LOWEST_STATUS, _LOWEST_REDIRECT, _LOWEST_ERROR, _BEYOND = 200, 300, 400, 600


def verdict_of(envelope: Envelope) -> bool | None:
    """Returns True if the envelope reports a success, False if it reports a failure, and None if that is not clear.

    The first of these rules that applies decides:

    - `success`, `status` or `status_code` reports a failure: False, even if another field reports a success.
    - `success` or `status` reports a success: True, or None if the envelope also has an error.
    - No field reports a success: False if the envelope has an error, else None.
    """
    said = {_said(envelope.status), success_of(envelope)}
    statuses = (envelope.status, envelope.status_code, envelope.status_code_camel)
    if False in said or any((status_in(value) or 0) >= _LOWEST_ERROR for value in statuses):
        return False
    complains = bool(envelope.error or envelope.errors) or max(statuses_in(envelope), default=0) >= _LOWEST_ERROR
    if True in said:
        return None if complains else True
    return False if complains else None


def success_of(envelope: Envelope) -> bool | None:
    """Returns the envelope's field `success` as a bool, or None if it is missing or has no known meaning.

    The numbers 0 and 1 mean False and True here. In the field `status` they are not read in this way, because there 0
    often means success.
    """
    flag = envelope.success
    if isinstance(flag, float) and flag.is_integer():
        flag = int(flag)
    return {"0": False, "1": True}.get(str(flag), _said(flag))


def statuses_in(envelope: Envelope) -> list[int]:
    """Returns all HTTP statuses (200 to 599) in the envelope's fields and in its error object."""
    fields = [envelope.status, envelope.status_code, envelope.status_code_camel, envelope.code]
    for value in (envelope.error, envelope.errors):
        if isinstance(value, dict):
            detail: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]  # JSON keys are str
            fields += [detail.get(key) for key in _STATUS_KEYS]
    return [status for value in fields if (status := status_in(value)) is not None]


def casts_doubt(envelope: Envelope) -> bool:
    """Returns True if a failed call may have been carried out, according to its envelope.

    The envelope is the JSON object around the data. The call may have been carried out if the envelope also reports a
    success, or if the envelope or an error nested in it has an error status that does not prove a refusal.
    """
    if True in {_said(envelope.status), success_of(envelope)}:
        return True
    failures = [*statuses_in(envelope), *_named_in(envelope.error), *_named_in(envelope.errors)]
    return any(status >= _LOWEST_ERROR and status not in PROOFS_OF_REFUSAL for status in failures)


def _named_in(value: object, levels: int = 5) -> Iterator[int]:
    """Yields the HTTP statuses in an error value and in the errors nested in it, down to `levels` levels."""
    if (status := status_in(value)) is not None:
        yield status
    parts: Any = ()  # Any, because these are values of decoded JSON
    if isinstance(value, list):
        parts = value  # pyright: ignore[reportUnknownVariableType]
    elif isinstance(value, dict):
        parts = [value.get(key) for key in (*_STATUS_KEYS, "error", "errors")]  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    for part in parts if levels else ():
        yield from _named_in(part, levels - 1)


def status_in(value: object) -> int | None:
    """Returns an HTTP status (200 to 599) as an int: 500 for 500, 500.0 or "500". Returns None for any other value."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit():
        value = int(value)
    is_status = type(value) is int and _LOWEST_STATUS <= value < _BEYOND
    return value if is_status and isinstance(value, int) else None


def _said(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (word := _WORDS.get(value.strip().casefold())) is not None:
        return word
    status = status_in(value)
    return True if status is not None and status < _LOWEST_REDIRECT else None
