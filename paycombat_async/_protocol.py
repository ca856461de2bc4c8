"""The protocol without any I/O: a request becomes a `Draft`, an answer becomes a `Reply`. Values in, values out.

Draft      what goes out: drafted and signed once per call, sent unchanged by every attempt
RawReply   what came in: status, headers, bytes
Reply      what the caller gets
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from msgspec import UNSET, Struct

from paycombat_async._amounts import check_amounts
from paycombat_async._canonical import canonical_json, plain_json, without_extra
from paycombat_async._decode import READ_WRAPPED, read, read_closely
from paycombat_async._drift import Drift, Note, Unreadable
from paycombat_async._envelope import Answered, Opened, api_error, open_envelope
from paycombat_async._glance import GLANCE
from paycombat_async._secrets import Redactor, Secret
from paycombat_async._signing import Signer
from paycombat_async._target import fit, target
from paycombat_async._validate import check
from paycombat_async.endpoints import Endpoint
from paycombat_async.errors import ConfigurationError, InvalidRequest, InvalidResponse, Outcome
from paycombat_async.schemas._base import Request

Q = TypeVar("Q")
R = TypeVar("R")

MAX_BODY_BYTES = 100_000  # express, which the provider's samples point to, refuses JSON bodies beyond 100 kB by default


class Account(Struct, frozen=True):
    """Where to send, and as whom."""

    base_url: str
    token: Secret
    signer: Signer
    paths: Mapping[str, str]
    redact: Redactor = Redactor()


class Draft(Struct, frozen=True):
    """A request as it goes out. `headers` and `body` hold secrets and personal data: keep them out of logs."""

    endpoint: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None

    def __repr__(self) -> str:
        return f"Draft({self.endpoint}, {len(self.body or b'')} bytes)"


class RawReply(Struct, frozen=True):
    """An answer as it came in. `headers` finds names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"RawReply({self.status}, {len(self.body)} bytes)"


class Transport(Protocol):
    """The road to the provider: sends one draft once. Pass your own as `transport=`; `testing.FakeTransport` is one.

    Raises `ConnectFailed` when nothing left, `TimedOut` or `Disconnected` when something may have. It never retries,
    never follows a redirect and never changes a byte.
    """

    async def send(self, draft: Draft, timeout: float) -> RawReply:  # noqa: ASYNC109  # it bounds one attempt
        """The answer to this draft, within `timeout` seconds."""
        ...


class Reply(Struct, Generic[R], frozen=True):
    """A whole answer: `data` as the endpoint's Struct, `elapsed` in seconds, `attempts` counting the sends."""

    data: R
    request_id: str | None
    attempts: int
    elapsed: float
    endpoint: Endpoint[Any, R]
    answer: RawReply
    echo: tuple[Note, ...] = ()

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.answer.status

    @property
    def headers(self) -> dict[str, str]:
        """The headers, their names in lower case."""
        return {name.lower(): text for name, text in self.answer.headers.items()}

    @property
    def raw(self) -> bytes:
        """The body as it came."""
        return self.answer.body

    @property
    def drift(self) -> tuple[Drift, ...]:
        """How this answer differs from the schema: unknown fields, new values, other types. Fields, never values."""
        opened = open_envelope(self.raw)
        if opened is None or opened.data is None:
            return ()
        notes = read_closely(self.endpoint.response, opened.data, "$.data")[1]
        return with_endpoint(self.endpoint, [*(notes or ()), *self.echo])

    def __repr__(self) -> str:
        return f"Reply({self.endpoint.name}, {self.status}, request_id={self.request_id!r}, attempts={self.attempts})"


class Attempt(Struct, frozen=True):
    """One send, as `on_attempt` is told of it. `outcome` is None after a success, `wait` None if no other follows."""

    endpoint: str
    number: int
    status: int | None
    outcome: Outcome | None
    elapsed: float
    wait: float | None


class Reading(Struct, frozen=True):
    """An answer understood. `notes` is None where nobody looked for drift, `echo` what differs from the request."""

    data: Any
    request_id: str | None
    notes: list[Note] | None
    echo: tuple[Note, ...] = ()


def draft(
    endpoint: Endpoint[Q, R],
    request: Q,
    path: Mapping[str, str],
    query: Mapping[str, str | int] | None,
    account: Account,
) -> Draft:
    """Checks, encodes and signs a call. Raises `InvalidRequest` or `ConfigurationError`; nothing is sent here."""
    template = account.paths.get(endpoint.name) or endpoint.path
    if template is None:
        raise ConfigurationError(
            f"the provider's public record does not show the path of {endpoint.name}; "
            f"give it to the client: paths={{{endpoint.name!r}: '/api/v1/…'}}"
        )
    if endpoint.path is None:
        path, query = fit(template, path, query)
    is_plain = not path and not query and "{" not in template
    url = account.base_url + template if is_plain else target(account.base_url, template, path, query)
    token = account.token.reveal
    if request is None and not issubclass(endpoint.request, Struct):
        return Draft(endpoint.name, endpoint.method, url, {"X-token": token()}, None)
    if type(request) is not endpoint.request and not isinstance(request, endpoint.request):
        wanted = endpoint.request.__name__
        raise InvalidRequest(f"{endpoint.name} takes {wanted}, got {type(request).__name__}", path="$")
    body = _checked_json(request)
    if len(body) > MAX_BODY_BYTES:
        raise InvalidRequest(f"the body has {len(body)} bytes; the provider takes {MAX_BODY_BYTES}", path="$")
    headers = {"X-token": token(), "Content-Type": "application/json"}
    if endpoint.signed:
        headers["signature"] = account.signer.sign(body)
    return Draft(endpoint.name, endpoint.method, url, headers, body)


def _checked_json(request: object) -> bytes:
    if not isinstance(request, Request):
        return canonical_json(request)
    if request.extra is UNSET and GLANCE[type(request)](request):
        body = plain_json(request)
    else:
        body = _closely_checked_json(request)
    if len(body) <= len(b"{}"):
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
            return Reading(data, request_id or raw.headers.get("x-request-id"), notes)
    if not 200 <= raw.status <= 599:
        raise _invalid(endpoint, raw, "is no final answer", None, redact)
    opened = open_envelope(raw.body)
    if raw.status >= 300 or (opened is not None and opened.says is False):
        raise api_error(endpoint, Answered(raw.status, raw.headers, raw.body), opened, now=now(), redact=redact)
    request_id = (opened.request_id if opened is not None else None) or raw.headers.get("x-request-id")
    if opened is None or opened.data is None:
        if endpoint.may_be_empty and (opened is not None or not raw.body.strip()):
            return Reading(None if endpoint.response is object else endpoint.response(), request_id, [])
        raise _invalid(endpoint, raw, "holds no data", opened, redact)
    problem = ""
    try:
        data, notes = (read_closely if closely else read)(endpoint.response, opened.data, "$.data")
    except Unreadable as error:
        problem = f"holds data that cannot be read ({error})"
    else:
        return Reading(data, request_id, notes)
    raise _invalid(endpoint, raw, problem, opened, redact)


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
        request_id=opened.request_id if opened is not None else None,
        outcome=Outcome.APPLIED if applied else Outcome.UNKNOWN,
    )


def with_endpoint(endpoint: Endpoint[Any, Any], notes: list[Note] | None) -> tuple[Drift, ...]:
    """Notes as drifts of this endpoint."""
    return tuple(Drift(endpoint.name, *note) for note in notes or ())
