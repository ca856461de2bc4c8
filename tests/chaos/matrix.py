"""The fault matrix: what each fault comes to in one attempt, and what a call makes of it by its kind.

Nothing in here asks the code under test: the table is written by hand from the rules of outcomes.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NamedTuple

from paycombat_async import (
    ApiError,
    BadRequest,
    Conflict,
    Disconnected,
    InvalidResponse,
    NotFound,
    Outcome,
    PayCombatError,
    ProviderError,
    RateLimited,
    TimedOut,
    UnexpectedRedirect,
    Unprocessable,
)

SAFE: Final = ("get", "update", "delete")
MONEY: Final = ("payout", "checkout")
KINDS: Final = (*SAFE, *MONEY)
CONNECTIONS: Final = ("pooled", "fresh")

TIMEOUT: Final = 30.0
BASE, THROTTLED, CHANCE = 0.02, 0.1, 0.5
USUAL: Final = (0.01, 0.02)  # half of the base, and of twice the base
SLOWED: Final = (0.05, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A fault. `error` and `outcome` are those of an attempt that meets it; no error is a success.

    `attempts` are those of a safe call while the fault lasts, `waits` what it waits between them. `executes` says
    whether the server does what it was asked, `spoils` that the connection must not be used again.
    """

    step: str
    error: type[PayCombatError] | None = None
    outcome: Outcome | None = None
    attempts: int = 1
    waits: tuple[float, ...] = USUAL
    executes: bool = True
    spoils: bool = False
    # The server's waits last until the call is over: stray bytes come behind it.
    holds: bool = False
    # The call's deadline passes before there is an answer.
    outlasts: bool = False
    # It is done after the client gave up.
    executes_late: bool = False
    # Of a customer that an earlier attempt has deleted, the next one is told so, though its answer is broken.
    shows_status: bool = False
    # A delete may be answered with nothing.
    is_enough_for_delete: bool = False
    # A success that does not say of what.
    is_nameless: bool = False


_unknown = partial(Row, outcome=Outcome.UNKNOWN, attempts=3)
_throttled = partial(Row, error=RateLimited, outcome=Outcome.REJECTED, attempts=3, waits=SLOWED, executes=False)
_failed = partial(_unknown, error=ProviderError)
_refused = partial(Row, outcome=Outcome.REJECTED, executes=False)
_doubtful = partial(Row, error=ApiError, outcome=Outcome.UNKNOWN)  # a 4xx that says nothing of what was done
_failed_inside = partial(_doubtful, executes=False)
_redirected = partial(Row, error=UnexpectedRedirect, outcome=Outcome.UNKNOWN, executes=False)
_cut = partial(_unknown, error=Disconnected, spoils=True)
_late = partial(_unknown, error=TimedOut, spoils=True, holds=True, outlasts=True)
_stray = partial(Row, spoils=True, holds=True)
_unreadable = partial(_unknown, error=InvalidResponse)

ROWS: Final[dict[str, Row]] = {
    "latency": Row(step="latency=3s"),
    "latency_beyond_the_deadline": _late(step="latency=3s", executes_late=True),
    "429_seconds": _throttled(step="429_seconds=1s", waits=(1.05, 1.05)),
    "429_float": _throttled(step="429_float=0.5s", waits=(0.55, 0.55)),
    "429_date": _throttled(step="429_date=2s", waits=(2.05, 2.05)),
    "429_seconds_beyond_the_deadline": _throttled(step="429_seconds=31s", attempts=1),
    "429_negative": _throttled(step="429_negative", waits=(0.05, 0.05)),
    "429_nan": _throttled(step="429_nan"),
    "429_infinity": _throttled(step="429_infinity"),
    "429_huge": _throttled(step="429_huge", attempts=1),
    "429_text": _throttled(step="429_text"),
    "429_bare": _throttled(step="429_bare"),
    "400_before_commit": _refused(step="400_before_commit", error=BadRequest),
    "402_after_commit": _doubtful(step="402_after_commit"),
    "406_before_commit": _refused(step="406_before_commit", error=ApiError),
    "408_after_commit": _doubtful(step="408_after_commit", attempts=3),
    "409_after_commit": _doubtful(step="409_after_commit", error=Conflict),
    "418_after_commit": _doubtful(step="418_after_commit"),
    "422_before_commit": _refused(step="422_before_commit", error=Unprocessable),
    "425_after_commit": _doubtful(step="425_after_commit", attempts=3),
    "499_after_commit": _doubtful(step="499_after_commit"),
    "520_after_commit": _failed(step="520_after_commit"),
    "error_object": _refused(step="error_object", error=ApiError),
    "500_before_commit": _failed(step="500_before_commit", executes=False),
    "500_after_commit": _failed(step="500_after_commit"),
    "503_before_commit": _failed(step="503_before_commit", executes=False, waits=SLOWED),
    "503_after_commit": _failed(step="503_after_commit", waits=SLOWED),
    "html_413": _failed_inside(step="html_413"),  # a proxy's page: nobody knows how far the request came
    "html_502": _failed(step="html_502"),
    "redirect_301": _redirected(step="redirect_301"),
    "redirect_302": _redirected(step="redirect_302"),
    "redirect_303": _redirected(step="redirect_303"),
    "redirect_307": _redirected(step="redirect_307"),
    "redirect_308": _redirected(step="redirect_308"),
    "disconnect_before_commit": _cut(step="disconnect_before_commit", executes=False),
    "disconnect_after_commit": _cut(step="disconnect_after_commit"),
    "reset_before_commit": _cut(step="reset_before_commit", executes=False),
    "reset_after_commit": _cut(step="reset_after_commit"),
    "half_head": _cut(step="half_head"),
    "half_body": _cut(step="half_body"),
    "length_too_long": _late(step="length_too_long"),
    "length_too_short": _cut(step="length_too_short"),
    "unsized_end": _cut(step="unsized_end", shows_status=True),
    "unsized_reset": _cut(step="unsized_reset", shows_status=True),
    "unsized_half": _cut(step="unsized_half", shows_status=True),
    "chunked_cut": _cut(step="chunked_cut"),
    "chunked_empty_cut": _cut(step="chunked_empty_cut"),
    # All bytes that were promised came: the connection is as good as before.
    "gzip_cut": _cut(step="gzip_cut", spoils=False),
    "gzip_cut_chunked": _cut(step="gzip_cut_chunked", spoils=False),
    "trickle": Row(step="trickle=3s"),
    "trickle_beyond_the_deadline": _late(step="trickle=3s"),
    "late_answer": Row(step="late_answer=3s"),
    "late_answer_beyond_the_deadline": _late(step="late_answer=3s"),
    "stray_answer": _stray(step="stray_answer"),
    "stray_part": _stray(step="stray_part"),
    "stray_408": _stray(step="stray_408"),
    "stray_429": _stray(step="stray_429"),
    "stray_500": _stray(step="stray_500"),
    "idle_end": _stray(step="idle_end"),
    "idle_reset": _stray(step="idle_reset"),
    # Packed, they are short and whole, so the connection is as good as new.
    "gzip_bomb": _unreadable(step="gzip_bomb"),
    "brotli_bomb": _unreadable(step="brotli_bomb"),
    "long_header": Row(step="long_header"),
    "many_headers": Row(step="many_headers"),
    "wrong_content_type": Row(step="wrong_content_type"),
    "wrong_content_encoding": Row(step="wrong_content_encoding"),
    "plain_as_gzip": Row(step="plain_as_gzip"),
    "empty_200": _unreadable(step="empty_200", is_enough_for_delete=True),
    "json_array": _unreadable(step="json_array", shows_status=True),
    "truncated_json": _unreadable(step="truncated_json", shows_status=True),
    "lone_surrogate": Row(step="lone_surrogate"),
    "byte_order_mark": Row(step="byte_order_mark"),
    "raw_tab": Row(step="raw_tab"),
    "latin_1": Row(step="latin_1"),
    "json_nan": _unreadable(step="json_nan", shows_status=True),
    "deep_nesting": _unreadable(step="deep_nesting", shows_status=True),
    "fail_in_200": _failed_inside(step="fail_in_200"),
    "error_in_200": _failed_inside(step="error_in_200"),
    "error_object_in_200": _failed_inside(step="error_object_in_200"),
    "status_code_in_200": _refused(step="status_code_in_200", error=Unprocessable),
    "499_in_200": _doubtful(step="499_in_200"),
    "no_identity": Row(step="no_identity", is_nameless=True),  # the provider says it was carried out: drift
    "no_verdict": _unreadable(step="no_verdict", shows_status=True, is_enough_for_delete=True),
    "wrong_envelope": Row(step="wrong_envelope"),
    "envelope_a": Row(step="envelope_a"),
    "envelope_b": Row(step="envelope_b"),
    "envelope_c": Row(step="envelope_c"),
    "envelope_d": Row(step="envelope_d"),
    "no_envelope": _unreadable(step="no_envelope", is_enough_for_delete=True),
}


class Verdict(NamedTuple):
    """What became of a call, seen from both ends. `executions` is 0 for what changes nothing, `waits` are seconds."""

    error: type[PayCombatError] | None
    outcome: Outcome | None
    attempts: int
    arrivals: int
    executions: int
    waits: tuple[float, ...]


def expected(name: str, kind: str, *, lasts: bool) -> Verdict:
    """What a call of this kind comes to. A fault that does not last is over at the second attempt."""
    row, is_repeated, faulty = _course(name, kind, lasts=lasts)
    attempts = 2 if is_repeated else row.attempts
    executed = faulty * row.executes + is_repeated
    error, outcome = (None, None) if is_repeated else (row.error, row.outcome)
    if kind == "delete" and is_repeated and row.executes and not row.executes_late:
        error, outcome = NotFound, Outcome.UNKNOWN  # the first attempt may have been, and was, the one that did it
    return Verdict(
        error,
        outcome,
        attempts,
        arrivals=attempts,
        executions={"get": 0, "update": executed}.get(kind, min(1, executed)),
        waits=row.waits[: attempts - 1],
    )


def connections(name: str, kind: str, *, lasts: bool) -> int:
    """How many it takes for the call and for another one after it."""
    row, _, faulty = _course(name, kind, lasts=lasts)
    return 1 + faulty * row.spoils


def _course(name: str, kind: str, *, lasts: bool) -> tuple[Row, bool, int]:
    """What the fault is to this kind of call, whether an attempt without it follows, and how many meet it."""
    row = _as_met(ROWS[name], kind, lasts=lasts)
    is_repeated = row.attempts > 1 and not lasts
    return row, is_repeated, 1 if is_repeated else row.attempts


def _as_met(row: Row, kind: str, *, lasts: bool) -> Row:
    if kind in MONEY:
        return replace(row, attempts=1)
    if kind == "delete" and row.is_enough_for_delete:
        return replace(row, error=None, outcome=None, attempts=1)
    if kind == "delete" and row.shows_status and lasts:
        return replace(row, error=NotFound, attempts=2)
    return row


def courses() -> list[tuple[str, bool]]:
    """All faults, each lasting; those that are errors also as one that is over at once."""
    return [(name, lasts) for name, row in ROWS.items() for lasts in (True, False) if lasts or row.error]
