"""Sends one call of `paycombat probe` to the SDK's path, then to guessed paths, and returns what was found."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from paycombat_async._protocol.reply import Reply
from paycombat_async.client import AsyncPayCombat
from paycombat_async.endpoints import Endpoint, Evidence, Repeat
from paycombat_async.errors import (
    ApiError,
    InvalidResponse,
    PayCombatError,
    UnexpectedRedirect,
)

_INDEX: Final = re.compile(r"\[\d+\]")
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_NOWHERE: Final = {False: "no path is the right one", True: "no path is the right one, or there is no such object"}
_NO_SUCH_PATH: Final = frozenset({404, 405})

Query = Mapping[str, str | int]


class Verdict(StrEnum):
    """The result of one call of the probe."""

    HOLDS = "holds"  # the answer is what the SDK expects
    DIFFERS = "differs"  # the call was answered, but not as the SDK expects
    NOT_FOUND = "not found"  # none of the paths that the SDK can guess exists
    REFUSED = "refused"  # the provider refused the request
    UNREADABLE = "unreadable"  # the SDK cannot read the answer
    NO_ANSWER = "no answer"  # the connection failed, or the provider answered 429 or 5xx
    SKIPPED = "skipped"  # the call was not sent


class ProbeFinding(Struct, frozen=True, kw_only=True):
    """What the probe found out about one endpoint.

    `path` is the path template with which the call was answered, or None if no template was answered. `guess` is the
    SDK's template, or None if the SDK has none. `tried` maps the templates that failed to a short result such as "404".
    `differences` name fields, never their values. `reason` says why a call was not answered or not sent.
    """

    endpoint: str
    method: str
    evidence: str
    verdict: Verdict
    guess: str | None
    path: str | None = None
    tried: dict[str, str] = {}
    differences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def is_moved(self) -> bool:
        """Whether the call was answered at another path than the SDK's."""
        return self.path is not None and self.guess is not None and self.path != self.guess

    @property
    def is_unauthorized(self) -> bool:
        """Whether the provider refused the token or the signature (401)."""
        return self.verdict is Verdict.REFUSED and self.reason.startswith("401")

    @property
    def is_found(self) -> bool:
        """Whether the call was answered although the SDK has no path for it."""
        return self.path is not None and self.guess is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A call to try at several paths, until it succeeds or must not be sent again. `parameters` are those of its path.

    The call is sent to each path with the first of `queries`, then to each path with the next of `queries`.
    """

    endpoint: Endpoint[Any, Any]
    request: object = None
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    queries: Sequence[Query] = ({},)


@dataclass(slots=True)
class TrialResult:
    """The result of a `Trial`. `reply` is None if no path gave a successful answer that can be read."""

    finding: ProbeFinding
    reply: Reply[Any] | None = None


async def try_out(client: AsyncPayCombat, trial: Trial) -> TrialResult:
    """Sends the call to one path after another until an answer is a success, or the call must not be sent again.

    Raises no error if the call fails, because the finding says why it failed.
    """
    endpoint, tried = trial.endpoint, dict[str, str]()
    failure: tuple[Verdict, str] | None = None
    for query, template in itertools.product(trial.queries, _templates(endpoint)):
        try:
            reply = await _send(client, trial, template, query)
        except PayCombatError as error:
            verdict, words = _judged(error)
            goes_on = _may_try_another(endpoint, error)
        else:
            return TrialResult(_answered(trial, template, query, tried, reply), reply)
        tried[template] = words.partition(":")[0]
        if verdict is not Verdict.NOT_FOUND:
            failure = failure or (verdict, words)
        if not goes_on:
            break
    return TrialResult(_failed(endpoint, tried, failure or (Verdict.NOT_FOUND, _NOWHERE[bool(trial.parameters)])))


def _may_try_another(endpoint: Endpoint[Any, Any], error: PayCombatError) -> bool:
    """Returns whether the call may be sent to the next path to try after this error.

    A call that must happen once may be sent again only after a 404 or 405. Other calls may be sent again after any
    answer, because a guess may be the path of a different call: /customer/all may be read as the customer "all", and be
    answered with 400 or 500. If the connection failed, no call is sent again, because other paths would fail, too.
    """
    if endpoint.repeat is Repeat.ONLY_IF_UNSENT:
        return isinstance(error, ApiError) and error.status in _NO_SUCH_PATH
    return isinstance(error, ApiError | InvalidResponse)


def skipped(endpoint: Endpoint[Any, Any], reason: str) -> ProbeFinding:
    """Returns the finding about a call that was not sent."""
    return _finding(endpoint, verdict=Verdict.SKIPPED, reason=reason)


def _templates(endpoint: Endpoint[Any, Any]) -> Iterator[str]:
    if endpoint.path is not None:
        yield endpoint.path
    yield from endpoint.alternatives


async def _send(client: AsyncPayCombat, trial: Trial, template: str, query: Query) -> Reply[Any]:
    """Sends the call to this path. A parameter without a placeholder in the template goes into the query."""
    places = set(_PLACEHOLDER.findall(template))
    path = {name: value for name, value in trial.parameters.items() if name in places}
    rest = {name: value for name, value in trial.parameters.items() if name not in places}
    # The endpoint is marked as documented, so that the client does not warn that the path is a guess.
    endpoint = replace(trial.endpoint, path=template, evidence=Evidence.DOCUMENTED)
    return await client.send(endpoint, trial.request, query={**rest, **query} or None, **path)


def _judged(error: PayCombatError) -> tuple[Verdict, str]:
    """Returns the verdict on a failed call and its reason, a text that begins with the status or "no answer"."""
    if isinstance(error, InvalidResponse):
        is_json = error.raw.lstrip().startswith(("{", "["))
        return Verdict.UNREADABLE, f"{error.status}{'' if is_json else ', but no JSON'}: {error}"
    if not isinstance(error, ApiError):
        return Verdict.NO_ANSWER, f"no answer: {error}"
    if error.status in _NO_SUCH_PATH or isinstance(error, UnexpectedRedirect):
        return Verdict.NOT_FOUND, str(error.status)
    words = f"{error.status}: {error.raw}" if error.raw else str(error.status)
    return (Verdict.NO_ANSWER if error.status >= 500 or error.status == 429 else Verdict.REFUSED), words


def _answered(trial: Trial, template: str, query: Query, tried: dict[str, str], reply: Reply[Any]) -> ProbeFinding:
    differences = {f"{_INDEX.sub('[]', drift.path)}: {drift.kind.value}": None for drift in reply.drift}
    first = next(iter(trial.queries))
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    notes = (f"only with the query {asked}",) if query != first else ()
    return _finding(
        trial.endpoint,
        verdict=Verdict.DIFFERS if differences else Verdict.HOLDS,
        path=template,
        tried=tried,
        differences=tuple(differences),
        notes=notes,
    )


def _failed(endpoint: Endpoint[Any, Any], tried: dict[str, str], failure: tuple[Verdict, str]) -> ProbeFinding:
    verdict, words = failure
    return _finding(endpoint, verdict=verdict, tried=tried, reason=words)


def _finding(
    endpoint: Endpoint[Any, Any],
    *,
    verdict: Verdict,
    path: str | None = None,
    tried: dict[str, str] | None = None,
    differences: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    reason: str = "",
) -> ProbeFinding:
    return ProbeFinding(
        endpoint=endpoint.name,
        method=endpoint.method,
        evidence=endpoint.evidence.value,
        guess=endpoint.path,
        verdict=verdict,
        path=path,
        tried=tried or {},
        differences=differences,
        notes=notes,
        reason=reason,
    )
