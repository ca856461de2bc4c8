"""Unwraps the envelope of an answer (the JSON object around the data), and makes the errors for other answers.

The provider's pages show four kinds of envelopes and no body of an error. Therefore all known fields of an envelope are
optional, and may be in an envelope of any kind.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from msgspec import UNSET, Raw

from paycombat_async._clock import retry_after_seconds
from paycombat_async._json.decoding import UndecodableData, decode_repaired, decoder
from paycombat_async._protocol.error_texts import error_code, error_message
from paycombat_async._protocol.messages import RawReply
from paycombat_async._protocol.verdict import PROOFS_OF_REFUSAL, casts_doubt, statuses_in, success_of, verdict_of
from paycombat_async._secrets import Redactor
from paycombat_async.endpoints import Endpoint, Evidence
from paycombat_async.errors import ApiError, Outcome, api_error_class
from paycombat_async.schemas.envelope import Envelope

_ADVICE = {
    401: "check the token and the signature key",
    403: "these credentials may not do this",
    404: "there is no such object",
    429: "slow down, or wait as retry_after says",
}
_NULLS = (b"null", b"")


class Unwrapped(NamedTuple):
    """The content of an envelope. `success` is None if the envelope reports neither success nor failure.

    `outer` is the envelope around this envelope, or None if the answer has only one envelope.
    """

    data: Raw | None
    success: bool | None
    request_id: str | None
    envelope: Envelope
    outer: Envelope | None = None

    @property
    def is_doubtful(self) -> bool:
        """Returns True if the call failed, but may have been carried out, according to one of the two envelopes.

        An outer envelope that reports success is ignored, because it only says that the provider answered.
        """
        if casts_doubt(self.envelope):
            return True
        return self.outer is not None and verdict_of(self.outer) is not True and casts_doubt(self.outer)

    def __repr__(self) -> str:
        return "Unwrapped(***)"


def unwrap(body: bytes) -> Unwrapped | None:
    """Returns the content of the envelope in the body, or None if the body is not a JSON object."""
    outer = _envelope(body)
    if outer is None:
        return None
    inner = _inner(outer)
    if inner is None:
        return _unwrapped(outer, verdict_of(outer))
    return _unwrapped(inner, False if verdict_of(outer) is False else verdict_of(inner))._replace(outer=outer)


def _envelope(body: bytes | Raw) -> Envelope | None:
    try:
        return decode_repaired(decoder(Envelope), body)
    except UndecodableData:
        return None


def _inner(outer: Envelope) -> Envelope | None:
    """Returns the envelope inside another envelope, or None if the data is not an envelope.

    The page "Disable Customer" shows such an answer. An inner envelope is recognised by its field `success`, because
    none of the provider's data objects has this field.
    """
    if outer.data is UNSET or b'"success"' not in bytes(outer.data):
        return None
    inner = _envelope(outer.data)
    says = None if inner is None else success_of(inner)
    is_wrapping = says is False or (says is True and inner is not None and inner.data is not UNSET)
    return inner if is_wrapping else None


def _unwrapped(envelope: Envelope, success: bool | None) -> Unwrapped:  # noqa: FBT001  # `success` is a finding, not an option
    data = None if envelope.data is UNSET or bytes(envelope.data) in _NULLS else envelope.data
    request_id = envelope.request_id if isinstance(envelope.request_id, str) else None
    return Unwrapped(data, success, request_id, envelope)


def api_error(
    endpoint: Endpoint[Any, Any], raw_reply: RawReply, unwrapped: Unwrapped | None, *, now: float, redact: Redactor
) -> ApiError:
    """Returns the error for an answer that is not a success.

    Its outcome is REJECTED if the answer proves that the provider refused the call, and UNKNOWN otherwise.
    """
    named = [] if unwrapped is None else statuses_in(unwrapped.envelope)
    status = raw_reply.status
    if status < 300:
        status = next((code for code in named if code >= 400), status)
    is_clear = unwrapped is not None and unwrapped.success is not True and not unwrapped.is_doubtful
    is_refused = is_clear and PROOFS_OF_REFUSAL.issuperset({status, *named})
    envelope = unwrapped.envelope if unwrapped is not None else Envelope()
    message = _cleaned(error_message(envelope, raw_reply.body), redact)
    return api_error_class(status)(
        _foreign_error_message(endpoint, status)
        if unwrapped is None and status >= 400
        else _error_message(
            endpoint, status, raw_reply.headers, redact, is_refused=is_refused, has_words=message is not None
        ),
        status=status,
        code=_cleaned(error_code(envelope), redact),
        provider_message=message,
        request_id=_cleaned((unwrapped and unwrapped.request_id) or raw_reply.headers.get("x-request-id"), redact),
        retry_after=retry_after_seconds(raw_reply.headers.get("retry-after"), now),
        raw=redact(raw_reply.body.decode("utf-8", "replace")),
        outcome=Outcome.REJECTED if is_refused else Outcome.UNKNOWN,
    )


def _error_message(
    endpoint: Endpoint[Any, Any],
    status: int,
    headers: Mapping[str, str],
    redact: Redactor,
    *,
    is_refused: bool,
    has_words: bool,
) -> str:
    said = f"{endpoint.name}: the provider answered {status}"
    if status // 100 == 3:
        return f"{said}, a redirect to {redact(_host(headers.get('location', '')), 255)}; it was not followed"
    if status < 300:
        return f"{said} with a failure in it; whether it was carried out is unknown"
    if status == 404 and endpoint.evidence is Evidence.INFERRED:
        return f"{said}; no such object, or the guessed path is wrong: mend it with paths={{{endpoint.name!r}: …}}"
    if not is_refused:
        return f"{said}; whether it was carried out is unknown"
    where = (
        "the provider's own words are in .provider_message" if has_words else "it gives no reason; its body is in .raw"
    )
    return f"{said}; {_ADVICE.get(status, where)}"


def _foreign_error_message(endpoint: Endpoint[Any, Any], status: int) -> str:
    """Returns the message for an error answer that is not JSON, such as the HTML page of nginx or a load balancer."""
    return (
        f"{endpoint.name}: the answer {status} is not the provider's JSON, so it is likely from a proxy or gateway "
        "before it; whether the call was carried out is unknown"
    )


def _host(location: str) -> str:
    try:
        return urlsplit(location).hostname or "another address"
    except ValueError:
        return "an invalid address"


def _cleaned(text: str | None, redact: Redactor) -> str | None:
    return None if text is None else redact(text)
