"""The protocol without any I/O: a request becomes a `Draft`, an answer becomes a `Reading`. Values in, values out."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import UNSET, Raw, Struct

from paycombat_async._json.amounts import check_amounts
from paycombat_async._json.canonical import canonical_json, plain_json, without_extra
from paycombat_async._json.decoding import Unreadable
from paycombat_async._protocol.decode import READ_WRAPPED, identities, read, read_closely
from paycombat_async._protocol.envelope import Opened, api_error, open_envelope
from paycombat_async._protocol.messages import Account, Draft, RawReply
from paycombat_async._protocol.reply import Reading
from paycombat_async._protocol.request_body import GLANCE
from paycombat_async._protocol.url import fit, target
from paycombat_async._protocol.validate import check
from paycombat_async._secrets import Redactor
from paycombat_async.endpoints import Endpoint, Repeat
from paycombat_async.errors import (
    ConfigurationError,
    Disconnected,
    InvalidRequest,
    InvalidResponse,
    Outcome,
    PayCombatError,
)
from paycombat_async.schemas._base import Request

Q = TypeVar("Q")
R = TypeVar("R")

MAX_BODY_BYTES = 100_000  # express, which the provider's samples point to, refuses JSON bodies beyond 100 kB by default


def draft(
    endpoint: Endpoint[Q, R],
    request: Q,
    path: Mapping[str, str],
    query: Mapping[str, str | int] | None,
    account: Account,
    *,
    body: bytes | None = None,
) -> Draft:
    """Checks, encodes and signs a call. Raises `InvalidRequest` or `ConfigurationError`; nothing is sent here.

    `body` is what `body_of` made of the request before.
    """
    template = account.paths.get(endpoint.name, endpoint.path)
    if path or query or template is None or "{" in template:
        url = _address(endpoint, template, path, query, account)
    else:
        url = account.base_url + template
    is_once_only = endpoint.repeat is Repeat.ONLY_IF_UNSENT
    if request is None and not issubclass(endpoint.request, Struct):
        return Draft(endpoint.name, endpoint.method, url, {"X-token": account.token.reveal()}, None, is_once_only)
    if body is None:
        body = body_of(endpoint, request)
    headers = {"X-token": account.token.reveal(), "Content-Type": "application/json"}
    if endpoint.signed:
        headers["signature"] = account.signer.sign(body)
    return Draft(endpoint.name, endpoint.method, url, headers, body, is_once_only)


def body_of(endpoint: Endpoint[Q, Any], request: Q) -> bytes:
    """The bytes of a request that are signed and sent. Raises `InvalidRequest`."""
    if type(request) is not endpoint.request and not isinstance(request, endpoint.request):
        wanted = endpoint.request.__name__
        raise InvalidRequest(f"{endpoint.name} takes {wanted}, got {type(request).__name__}", path="$")
    body = _checked_json(request) if isinstance(request, Request) else canonical_json(request)
    if len(body) > MAX_BODY_BYTES:
        raise InvalidRequest(f"the body has {len(body)} bytes; the provider takes {MAX_BODY_BYTES}", path="$")
    return body


def _address(
    endpoint: Endpoint[Any, Any],
    template: str | None,
    path: Mapping[str, str],
    query: Mapping[str, str | int] | None,
    account: Account,
) -> str:
    if template is None:
        raise ConfigurationError(
            f"the provider's public record does not show the path of {endpoint.name}; "
            f"give it to the client: paths={{{endpoint.name!r}: '/api/v1/…'}}"
        )
    if endpoint.path is None:
        path, query = fit(template, path, query)
    return target(account.base_url, template, path, query)


def _checked_json(request: Request) -> bytes:
    is_right = request.extra is UNSET and GLANCE[type(request)](request)
    body = plain_json(request) if is_right else _closely_checked_json(request)
    if body == b"{}":
        raise InvalidRequest("the body is empty; what this call takes goes into extra", path="$")
    return body


def _closely_checked_json(request: Request) -> bytes:
    typed = without_extra(request)
    check_amounts(type(typed), typed)  # first: that one was a float is not to be seen in the body
    body = canonical_json(typed)
    check(typed, body)
    return body if typed is request else canonical_json(request)


def interpret(
    endpoint: Endpoint[Any, R],
    raw: RawReply,
    *,
    now: Callable[[], float],
    redact: Redactor,
    closely: bool = False,
) -> Reading:
    """What an answer says. Raises `ApiError` or `InvalidResponse`, with the outcome decided.

    `closely` looks for drift in every field, at a cost; otherwise only where the fast way of decoding fails.
    """
    if not closely and raw.status in _SUCCESSES:
        found = READ_WRAPPED[endpoint.response](raw.body)
        if found is not None:
            data, request_id, notes = found
            return Reading(data, _clean(request_id or raw.headers.get("x-request-id"), redact), notes)
    result = _interpreted(endpoint, raw, now=now, redact=redact, closely=closely)
    if isinstance(result, Reading):
        return result
    try:
        raise result  # from here: a traceback with local variables would show what the answer holds
    finally:
        del result  # an error that holds the frame that holds the error would wait for the garbage collector


def _interpreted(
    endpoint: Endpoint[Any, R], raw: RawReply, *, now: Callable[[], float], redact: Redactor, closely: bool
) -> Reading | PayCombatError:
    if not 200 <= raw.status <= 599:
        return _invalid(endpoint, raw, "is no final answer", None, redact)
    opened = open_envelope(raw.body)
    if raw.status >= 300 or (opened is not None and opened.says is False):
        return api_error(endpoint, raw, opened, now=now(), redact=redact)
    if opened is None and not raw.is_whole:
        return _broken_off(endpoint, raw)
    request_id = _clean((opened.request_id if opened is not None else None) or raw.headers.get("x-request-id"), redact)
    if opened is None or opened.data is None:
        if _is_enough(endpoint, raw, opened):
            return Reading(None if endpoint.response is object else endpoint.response(), request_id, [])
        return _invalid(endpoint, raw, "holds no data", opened, redact)
    reading, problem = _reading(endpoint, opened.data, request_id, says=opened.says, closely=closely)
    return reading or _invalid(endpoint, raw, problem, opened, redact)


def _reading(
    endpoint: Endpoint[Any, R], body: Raw, request_id: str | None, *, says: bool | None, closely: bool
) -> tuple[Reading | None, str]:
    """The data understood, or None and what is wrong with it."""
    try:
        data, notes = (read_closely if closely else read)(endpoint.response, body, "$.data")
    except Unreadable as error:
        return None, f"holds data that cannot be read ({error})"
    if says is True or _is_told_apart(endpoint, data):
        return Reading(data, request_id, notes), ""
    return None, "neither says that the call succeeded nor names what it is about"


def _is_enough(endpoint: Endpoint[Any, Any], raw: RawReply, opened: Opened | None) -> bool:
    """Whether an answer without data tells of a success, for a call that may be answered so."""
    if not endpoint.may_be_empty:
        return False
    if opened is None:
        return not raw.body.strip()
    return opened.says is True or endpoint.repeat is Repeat.SAFE


def _is_told_apart(endpoint: Endpoint[Any, Any], data: Any) -> bool:
    """Whether the data, without a verdict around it, can only come from a call that succeeded."""
    kind = endpoint.response
    if isinstance(data, Struct) and (names := identities(type(data))):
        return any(getattr(data, name) for name in names)
    return endpoint.repeat is Repeat.SAFE or (kind is object and bool(data))


def _broken_off(endpoint: Endpoint[Any, Any], raw: RawReply) -> Disconnected:
    return Disconnected(
        f"{endpoint.name}: the answer (HTTP {raw.status}) broke off after {len(raw.body)} bytes; "
        "whether the call was carried out is unknown"
    )


def _clean(request_id: str | None, redact: Redactor) -> str | None:
    # Too short to hold a secret, or as all ids on record are: nothing in it to take out.
    if request_id is None or len(request_id) < 8 or (len(request_id) <= 64 and not request_id.strip(_OF_IDS)):
        return request_id
    return redact(request_id, 200)


_OF_IDS = "0123456789abcdef-"
_SUCCESSES = frozenset({200, 201})


def _invalid(
    endpoint: Endpoint[Any, Any], raw: RawReply, problem: str, opened: Opened | None, redact: Redactor
) -> InvalidResponse:
    applied = opened is not None and opened.says is True
    verdict = "the provider says it was carried out" if applied else "whether it was carried out is unknown"
    return InvalidResponse(
        f"{endpoint.name}: the answer (HTTP {raw.status}) {problem}; {verdict}",
        raw=redact(raw.body.decode("utf-8", "replace")),
        status=raw.status,
        request_id=_clean(opened.request_id, redact) if opened is not None else None,
        outcome=Outcome.APPLIED if applied else Outcome.UNKNOWN,
    )
