"""Turns the provider's raw HTTP answer into data, or raises an error with the outcome of the call."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Raw, Struct

from paycombat_async._json.decoding import UndecodableData
from paycombat_async._protocol.decode import ENVELOPE_DECODERS, decode, decode_with_drift, identity_fields
from paycombat_async._protocol.envelope import Unwrapped, api_error, unwrap
from paycombat_async._protocol.messages import RawReply
from paycombat_async._protocol.reply import DecodedReply
from paycombat_async._secrets import Redactor
from paycombat_async.endpoints import Endpoint, Repeat
from paycombat_async.errors import Disconnected, InvalidResponse, Outcome, PayCombatError

R = TypeVar("R")


def interpret(
    endpoint: Endpoint[Any, R],
    raw: RawReply,
    *,
    now: Callable[[], float],
    redact: Redactor,
    closely: bool = False,
) -> DecodedReply:
    """Returns the decoded answer. Raises `ApiError`, `InvalidResponse` or `Disconnected`, each with its `outcome`.

    Drift is how an answer differs from the documented schema. With `closely`, every field is checked for drift, which
    is slow. Without `closely`, fields are checked only if the fast decoder fails.
    """
    if not closely and raw.status in _SUCCESSES:
        found = ENVELOPE_DECODERS[endpoint.response](raw.body)
        if found is not None:
            data, request_id, notes = found
            return DecodedReply(data, _clean(request_id or raw.headers.get("x-request-id"), redact), notes)
    result = _interpreted(endpoint, raw, now=now, redact=redact, closely=closely)
    if isinstance(result, DecodedReply):
        return result
    try:
        # Error reporters show the local variables of each function in a traceback. The local variables of
        # `_interpreted` contain personal data, so the error is raised here and not in `_interpreted`.
        raise result
    finally:
        del result  # The error refers to this frame, so a variable with the error would make a reference cycle.


def _interpreted(
    endpoint: Endpoint[Any, R], raw: RawReply, *, now: Callable[[], float], redact: Redactor, closely: bool
) -> DecodedReply | PayCombatError:
    if not 200 <= raw.status <= 599:
        return _invalid(endpoint, raw, "is no final answer", None, redact)
    unwrapped = unwrap(raw.body)
    if raw.status >= 300 or (unwrapped is not None and unwrapped.success is False):
        return api_error(endpoint, raw, unwrapped, now=now(), redact=redact)
    if unwrapped is None and not raw.is_whole:
        return _truncated(endpoint, raw)
    request_id = _clean(
        (unwrapped.request_id if unwrapped is not None else None) or raw.headers.get("x-request-id"), redact
    )
    if unwrapped is None or unwrapped.data is None:
        if _is_empty_success(endpoint, raw, unwrapped):
            return DecodedReply(None if endpoint.response is object else endpoint.response(), request_id, [])
        problem = "is no JSON object" if unwrapped is None and raw.body else "holds no data"
        return _invalid(endpoint, raw, problem, unwrapped, redact)
    reading, problem = _reading(endpoint, unwrapped.data, request_id, says=unwrapped.success, closely=closely)
    return reading or _invalid(endpoint, raw, problem, unwrapped, redact)


def _reading(
    endpoint: Endpoint[Any, R], body: Raw, request_id: str | None, *, says: bool | None, closely: bool
) -> tuple[DecodedReply | None, str]:
    """Decodes the data of an answer. Returns `(reply, "")`, or `(None, problem)` with a description of the problem."""
    try:
        data, notes = (decode_with_drift if closely else decode)(endpoint.response, body, "$.data")
    except UndecodableData as error:
        return None, f"holds data that cannot be read ({error})"
    if says is True or _proves_success(endpoint, data):
        return DecodedReply(data, request_id, notes), ""
    return None, "neither says that the call succeeded nor names what it is about"


def _is_empty_success(endpoint: Endpoint[Any, Any], raw: RawReply, unwrapped: Unwrapped | None) -> bool:
    """Whether an answer without data is a success. False for an endpoint whose answers must have data."""
    if not endpoint.may_be_empty:
        return False
    if unwrapped is None:
        return not raw.body.strip()
    return unwrapped.success is True or endpoint.repeat is Repeat.SAFE


def _proves_success(endpoint: Endpoint[Any, Any], data: Any) -> bool:
    """Whether the data proves that the call succeeded, although the envelope does not report a success.

    An id of an object in the data proves the success. If the type of the data has no id field, any data proves the
    success of a call that is safe to repeat.
    """
    if isinstance(data, Struct) and (names := identity_fields(type(data))):
        return any(getattr(data, name) for name in names)
    return endpoint.repeat is Repeat.SAFE or (endpoint.response is object and _names_an_object(data))


def _names_an_object(data: Any) -> bool:
    """Whether a decoded JSON value is an object with an id.

    An object without an id, such as `{"reason": "x"}`, may be a refusal.
    """
    if not isinstance(data, dict):
        return False
    members: dict[str, Any] = data  # pyright: ignore[reportUnknownVariableType]  # JSON keys are str
    return any(bool(value) for name, value in members.items() if name == "id" or name.endswith("_id"))


def _truncated(endpoint: Endpoint[Any, Any], raw: RawReply) -> Disconnected:
    return Disconnected(
        f"{endpoint.name}: the answer (HTTP {raw.status}) broke off after {len(raw.body)} bytes; "
        "whether the call was carried out is unknown"
    )


def _clean(request_id: str | None, redact: Redactor) -> str | None:
    # Secrets need not be removed from a request id that is too short to contain one, or that consists of hexadecimal
    # digits and hyphens, like all documented request ids.
    if request_id is None or len(request_id) < 8 or _HARMLESS_ID.fullmatch(request_id):
        return request_id
    return redact(request_id, 200)


_HARMLESS_ID = re.compile("[0-9a-f-]{8,64}")  # for a UUID, `fullmatch` takes half the time of `strip`
_SUCCESSES = frozenset({200, 201})


def _invalid(
    endpoint: Endpoint[Any, Any], raw: RawReply, problem: str, unwrapped: Unwrapped | None, redact: Redactor
) -> InvalidResponse:
    applied = unwrapped is not None and unwrapped.success is True
    verdict = "the provider says it was carried out" if applied else "whether it was carried out is unknown"
    return InvalidResponse(
        f"{endpoint.name}: the answer (HTTP {raw.status}) {problem}; {verdict}",
        raw=redact(raw.body.decode("utf-8", "replace")),
        status=raw.status,
        request_id=_clean(unwrapped.request_id, redact) if unwrapped is not None else None,
        outcome=Outcome.APPLIED if applied else Outcome.UNKNOWN,
    )
