"""Compares echoes with the request, and adds advice to errors. An echo is a field that the provider sends back."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec
from msgspec import UNSET

from paycombat_async._protocol.drift import DriftKind, FieldIssue
from paycombat_async._protocol.messages import RawReply
from paycombat_async._protocol.reply import DecodedReply
from paycombat_async._secrets import Redactor
from paycombat_async._signing import body_digest
from paycombat_async.endpoints import Echo, Endpoint, Repeat
from paycombat_async.errors import InvalidResponse, Outcome, PayCombatError

_ADVICE: Final = {
    Outcome.UNKNOWN: (
        "It may have been carried out, and is not sent again by itself. To find out: {find_out}. "
        "Not finding it proves nothing, since it may still be on its way."
    ),
    Outcome.APPLIED: "It was carried out, only the answer cannot be read. To see it: {find_out}.",
}


def check_echoed_fields(
    endpoint: Endpoint[Any, Any], request: object, reading: DecodedReply, raw: RawReply, redact: Redactor
) -> DecodedReply:
    """Compares the fields that the provider sends back with the request, and returns the reply.

    Each field whose value differs from the request is reported in the reply as drift (how an answer differs from what
    is documented). Fields that are missing in the answer are skipped. Raises `InvalidResponse` if the field that
    identifies the call (such as `order_id`) differs, because the answer then belongs to another call.
    """
    differing = [echo for echo in endpoint.echoes if _differs(echo, request, reading.data)]
    stranger = next((echo for echo in differing if echo.is_identity), None)
    if stranger is not None:
        raise InvalidResponse(
            f"{endpoint.name}: the answer is for another {stranger.answered}; whether yours was carried out is unknown",
            raw=redact(raw.body.decode("utf-8", "replace")),
            status=raw.status,
            request_id=reading.request_id,
            outcome=Outcome.UNKNOWN,
        )
    echo = tuple(
        FieldIssue(f"$.data.{echo.answered}", DriftKind.ECHO, f"not the {' or '.join(echo.sent)} sent")
        for echo in differing
    )
    return msgspec.structs.replace(reading, echo=echo, notes=[*(reading.notes or ()), *echo]) if echo else reading


def expected_echoes(endpoint: Endpoint[Any, Any], request: object) -> dict[str, tuple[str, ...]]:
    """Returns which values the provider is expected to send back: names of fields with their allowed values, as str.

    A name has several values if the provider may send back any of several fields of the request under this name. A
    name is left out if the request has no value for it.
    """
    sent = {echo.answered: tuple(_request_value(request, name) for name in echo.sent) for echo in endpoint.echoes}
    texts = {name: tuple(str(value) for value in values if value is not None) for name, values in sent.items()}
    return {name: values for name, values in texts.items() if values}


def fits_expected(data: object, expected: Mapping[str, tuple[str, ...]]) -> bool:
    """Returns True if an object found at the provider may be the object that a call has created.

    An object may be the right one if none of its fields differs from `expected`, the values that the provider sends
    back for this call. Fields that are missing or None in the object are not compared.
    """
    shown = ((getattr(data, name, None), values) for name, values in expected.items())
    return all(value is None or any(_is_same(value, sent) for sent in values) for value, values in shown)


def _differs(echo: Echo, request: object, data: object) -> bool:
    answered: object = getattr(data, echo.answered, None)
    sent = [value for name in echo.sent if (value := _request_value(request, name)) is not None]
    return answered is not None and bool(sent) and not any(_is_same(answered, value) for value in sent)


def _request_value(request: object, name: str) -> object:
    """Returns the value of a field of the request, or else of that key in its `extra`, or None if both are missing."""
    value: object = getattr(request, name, UNSET)
    if value is UNSET:
        extra: Any = getattr(request, "extra", UNSET)
        value = extra.get(name) if extra is not UNSET else None
    return value


def _is_same(answered: object, sent: object) -> bool:
    """Whether two values are equal. Amounts are compared as numbers, and all other values as str."""
    if not isinstance(answered, Decimal):
        return str(answered) == str(sent)
    try:
        return answered == Decimal(str(sent))
    except InvalidOperation:
        return False


def reference_of(endpoint: Endpoint[Any, Any], request: object) -> str | None:
    """Returns the merchant's own reference in the request as str, such as an `order_id`, or None if it is missing."""
    reference = _request_value(request, endpoint.reference) if endpoint.reference is not None else None
    return None if reference is None else str(reference)


def annotate_error(
    error: PayCombatError,
    endpoint: Endpoint[Any, Any],
    request: object,
    body: bytes | None,
    *,
    attempts: int,
    in_doubt: bool,
) -> None:
    """Sets the attributes of the error that say what became of the call: `attempts`, `endpoint` and `outcome`.

    If the call is not safe to repeat and may have been carried out, also sets `reference`, `body_digest` and `advice`.
    If `in_doubt` is True, an earlier attempt may have been carried out. The outcome is APPLIED if the last attempt says
    so, and otherwise UNKNOWN, even if the last attempt was refused.
    """
    error.attempts = attempts
    if in_doubt and error.outcome is not Outcome.APPLIED:
        error.outcome = Outcome.UNKNOWN
    error.endpoint = endpoint.name
    if endpoint.repeat is Repeat.SAFE or error.outcome in {Outcome.NOT_SENT, Outcome.REJECTED}:
        return
    error.reference = reference_of(endpoint, request)
    error.body_digest = body_digest(body or b"")
    error.advice = _ADVICE[error.outcome].format(find_out=endpoint.find_out)
    error.add_note(error.advice)
