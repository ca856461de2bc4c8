"""Errors are plain values: they travel through pickle and copy whole, and the tree in the docstring is the real one."""

import copy
import inspect
import pickle
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from paycombat_async import errors
from paycombat_async.errors import (
    API_ERRORS,
    ApiError,
    AuthenticationFailed,
    BadRequest,
    Conflict,
    ConnectFailed,
    InvalidPayload,
    InvalidRequest,
    InvalidResponse,
    NotFound,
    Outcome,
    PayCombatError,
    PermissionDenied,
    ProviderError,
    RateLimited,
    SignatureMismatch,
    TimedOut,
    TransportError,
    UnexpectedRedirect,
    Unprocessable,
    UnverifiedEndpointWarning,
    WebhookError,
    api_error_class,
)
from tests.processes import PATIENCE_S


def descendants(kind: type[PayCombatError]) -> Iterator[type[PayCombatError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from descendants(child)


CLASSES = [kind for kind in descendants(PayCombatError) if kind.__module__ == errors.__name__]
VALUES: dict[str, object] = {
    "outcome": Outcome.APPLIED,
    "attempts": 3,
    "path": "$.company.name",
    "status": 418,
    "code": "E-7",
    "provider_message": "김 said no",
    "request_id": "r-1",
    "retry_after": 1.5,
    "raw": '{"a":1}',
}

each_class = pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
TRAVELS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {p}": lambda error, p=p: pickle.loads(pickle.dumps(error, p)) for p in range(6)},
}


def make(kind: type[PayCombatError]) -> PayCombatError:
    """One with every keyword that its constructor takes set to something that is not the default."""
    taken = inspect.signature(kind).parameters
    return kind("what happened, then what to do", **{name: VALUES[name] for name in taken if name != "text"})


@each_class
@pytest.mark.parametrize("travel", TRAVELS.values(), ids=TRAVELS)
def test_every_error_travels_whole(kind: type[PayCombatError], travel: Callable[[Any], Any]) -> None:
    """Class, text and all attributes arrive."""
    error = make(kind)

    arrived = travel(error)

    assert type(arrived) is kind
    assert str(error) == str(arrived)
    assert error.args == arrived.args
    assert vars(error) == vars(arrived)


@each_class
def test_every_argument_is_an_attribute_of_its_own_name(kind: type[PayCombatError]) -> None:
    """What is handed in can be read back, and nothing else hangs on the error."""
    error = make(kind)

    taken = {name: VALUES[name] for name in inspect.signature(kind).parameters if name != "text"}
    assert taken == vars(error)


@each_class
def test_every_error_needs_no_more_than_its_text(kind: type[PayCombatError]) -> None:
    """Users raise them in their own tests: one text is enough, and it is what `str` shows."""
    error = kind("text")

    assert str(error) == "text"
    assert error.attempts == 0
    assert isinstance(error.outcome, Outcome)


OUTCOMES = {
    PayCombatError: Outcome.NOT_SENT,
    errors.ConfigurationError: Outcome.NOT_SENT,
    InvalidRequest: Outcome.NOT_SENT,
    TransportError: Outcome.UNKNOWN,
    ConnectFailed: Outcome.NOT_SENT,
    TimedOut: Outcome.UNKNOWN,
    errors.Disconnected: Outcome.UNKNOWN,
    ApiError: Outcome.UNKNOWN,
    InvalidResponse: Outcome.UNKNOWN,
}


@pytest.mark.promise("P3")
@pytest.mark.parametrize(("kind", "outcome"), OUTCOMES.items(), ids=lambda value: getattr(value, "__name__", value))
def test_an_error_that_is_not_told_its_outcome_claims_no_more_than_it_knows(
    kind: type[PayCombatError], outcome: Outcome
) -> None:
    """Only what provably never left says NOT_SENT by itself."""
    assert outcome is kind("text").outcome


@pytest.mark.promise("P7")
@each_class
@pytest.mark.parametrize("name", ["message", "detail"])
def test_an_error_reporter_finds_no_words_of_the_provider(kind: type[PayCombatError], name: str) -> None:
    """Sentry takes an attribute of this name as the title of an issue; the provider's words quote personal data."""
    assert not hasattr(make(kind), name)


def raise_group() -> None:
    """Runs in another process, so it must be importable."""
    raise ExceptionGroup("several", [make(kind) for kind in CLASSES])


@pytest.mark.parametrize("protocol", range(6))
def test_a_group_of_all_errors_travels_whole(protocol: int) -> None:
    """Task groups raise groups; a pool pickles them."""
    group = ExceptionGroup("several", [make(kind) for kind in CLASSES])

    arrived = pickle.loads(pickle.dumps(group, protocol))

    assert [type(error) for error in arrived.exceptions] == CLASSES
    assert [vars(error) for error in group.exceptions] == [vars(error) for error in arrived.exceptions]


def test_errors_raised_in_another_process_arrive_here() -> None:
    """A real pool of processes hands them over with all attributes."""
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(ExceptionGroup, match="several") as caught,
    ):
        pool.submit(raise_group).result(timeout=PATIENCE_S)

    assert [vars(make(kind)) for kind in CLASSES] == [vars(error) for error in caught.value.exceptions]


def test_everything_raised_here_has_one_base() -> None:
    """Every exception class of the module is a PayCombatError; the one warning is a warning."""
    defined = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]

    assert {UnverifiedEndpointWarning, *CLASSES} == set(defined)
    assert issubclass(UnverifiedEndpointWarning, UserWarning)
    assert not issubclass(PayCombatError, OSError | ValueError)


def test_the_tree_in_the_docstring_is_the_real_tree() -> None:
    """Every class stands in it once, under its real parent."""
    drawn: dict[str, str] = {}
    ancestors: list[tuple[int, str]] = [(-1, "Exception")]
    for line in str(errors.__doc__).splitlines():
        if not line.startswith("    "):
            continue
        indent = len(line) - len(line.lstrip())
        ancestors = [entry for entry in ancestors if entry[0] < indent]
        names = [name for name in re.findall(r"\b[A-Z][A-Za-z]+[a-z]\b", line) if hasattr(errors, name)]
        drawn |= dict.fromkeys(names, ancestors[-1][1])
        ancestors += [(indent, names[0])] if names else []

    assert {kind.__name__: kind.__bases__[0].__name__ for kind in CLASSES} == drawn


STATUSES = {
    400: BadRequest,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    422: Unprocessable,
    429: RateLimited,
    402: ApiError,
    405: ApiError,
    408: ApiError,
    418: ApiError,
    425: ApiError,
    499: ApiError,
    500: ProviderError,
    502: ProviderError,
    503: ProviderError,
    504: ProviderError,
    520: ProviderError,
    599: ProviderError,
    300: UnexpectedRedirect,
    301: UnexpectedRedirect,
    307: UnexpectedRedirect,
    399: UnexpectedRedirect,
    200: ApiError,
    100: ApiError,
    0: ApiError,
    -1: ApiError,
    600: ApiError,
    4290: ApiError,
}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items(), ids=map(str, STATUSES))
def test_a_status_has_one_class(status: int, kind: type[ApiError]) -> None:
    """The table's own, else by its hundred, else the base; also for what is no HTTP status at all."""
    assert kind is api_error_class(status)


def test_every_class_for_a_status_is_in_the_table_or_stands_for_a_hundred() -> None:
    """No subclass of ApiError is left that no status leads to."""
    assert {*API_ERRORS.values(), ProviderError, UnexpectedRedirect} == set(ApiError.__subclasses__())
    assert {SignatureMismatch, InvalidPayload} == set(WebhookError.__subclasses__())


def test_outcomes_are_plain_words() -> None:
    """They are compared, logged and stored as text, so the words are fixed."""
    assert [str(outcome) for outcome in Outcome] == ["not_sent", "rejected", "unknown", "applied"]
