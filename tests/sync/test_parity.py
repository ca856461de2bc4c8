"""Blocking equals async: same methods, parameters, defaults, annotations, docstrings, and every argument arrives."""

import inspect
import traceback
import typing
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from paycombat_async import ENDPOINTS, ConfigurationError, Secret, batch, client, pagination
from paycombat_async.resources import (
    checkouts,
    customers,
    intents,
    master_data,
    merchant,
    payin_methods,
    payins,
    payment_methods,
    payout_methods,
    payouts,
)
from paycombat_async.webhooks import Webhooks
from paycombat_sync import batch as blocking_batch
from paycombat_sync import client as blocking_client
from paycombat_sync import pagination as blocking_pagination
from paycombat_sync._runner import Runner
from paycombat_sync.resources import checkouts as blocking_checkouts
from paycombat_sync.resources import customers as blocking_customers
from paycombat_sync.resources import intents as blocking_intents
from paycombat_sync.resources import master_data as blocking_master_data
from paycombat_sync.resources import merchant as blocking_merchant
from paycombat_sync.resources import payin_methods as blocking_payin_methods
from paycombat_sync.resources import payins as blocking_payins
from paycombat_sync.resources import payment_methods as blocking_payment_methods
from paycombat_sync.resources import payout_methods as blocking_payout_methods
from paycombat_sync.resources import payouts as blocking_payouts

pytestmark = pytest.mark.promise("P10")

# namespace of the client: the async class and the blocking one
RESOURCES: dict[str, tuple[type, type]] = {
    "customers": (customers.Customers, blocking_customers.Customers),
    "payins": (payins.Payins, blocking_payins.Payins),
    "payouts": (payouts.Payouts, blocking_payouts.Payouts),
    "checkouts": (checkouts.Checkouts, blocking_checkouts.Checkouts),
    "payin_methods": (payin_methods.PayinMethods, blocking_payin_methods.PayinMethods),
    "payout_methods": (payout_methods.PayoutMethods, blocking_payout_methods.PayoutMethods),
    "payment_methods": (payment_methods.PaymentMethods, blocking_payment_methods.PaymentMethods),
    "master_data": (master_data.MasterData, blocking_master_data.MasterData),
    "merchant": (merchant.Merchant, blocking_merchant.Merchant),
    "intents": (intents.IntentRecords, blocking_intents.IntentRecords),
}
# What waits for nothing is the very same object on both sides.
SHARED = {"webhooks": Webhooks}
TWINS: list[tuple[type, type]] = [
    (client.AsyncPayCombat, blocking_client.PayCombat),
    *RESOURCES.values(),
    (pagination.Pager, blocking_pagination.Pager),
]

# How a word of the async side reads on the blocking side, in names, annotations and docstrings.
WORDS = {
    "AsyncPayCombat": "PayCombat",
    "AsyncIterator": "Iterator",
    "AsyncIterable": "Iterable",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "aclose": "close",
    "async for": "for",
    "await ": "",
    "paycombat_async.client": "paycombat_sync.client",
    "paycombat_async.pagination": "paycombat_sync.pagination",
}
# What may differ, and why.
OTHER_DOCSTRING = {
    "PayCombat": "threads and Ctrl-C instead of tasks and loops",
}
ASYNC_ONLY = {
    "PayCombat.observed": "for programs that run in the client's event loop; blocking ones use the async client's",
}
OTHER_PARAMETERS = {
    **{f"{twin.__name__}.__init__": "made by the client, not by users" for _, twin in RESOURCES.values()},
    "Pager.__init__": "made by `list`, not by users",
}

each_twin = pytest.mark.parametrize(("original", "twin"), TWINS, ids=lambda it: it.__module__)


def translated(text: str) -> str:
    for word, other in WORDS.items():
        text = text.replace(word, other)
    return text


def members(kind: type) -> dict[str, object]:
    own = {"__init__", "__repr__"} | {word for pair in WORDS.items() for word in pair if word.startswith("__")}
    return {name: member for name, member in vars(kind).items() if not name.startswith("_") or name in own}


def plain(member: object) -> Callable[..., object] | None:
    """The function behind a method or a property."""
    function = member.fget if isinstance(member, property) else member
    return function if inspect.isfunction(function) else None


def shape(function: Callable[..., object]) -> list[tuple[str, object, str, str]]:
    """Each parameter's name, kind, default and annotation, and the annotation of what is returned."""
    signature, hints = inspect.signature(function), typing.get_type_hints(function)
    parameters = [
        (parameter.name, parameter.kind, repr(parameter.default), translated(repr(hints.get(parameter.name))))
        for parameter in signature.parameters.values()
    ]
    return [*parameters, ("return", None, "", translated(repr(hints.get("return"))))]


def differences(original: type, twin: type) -> Iterator[str]:
    """In words, whatever the blocking class has otherwise than its async original."""
    ours = {translated(name): member for name, member in members(original).items()}
    theirs = members(twin)
    wanted = {name for name in ours if f"{twin.__name__}.{name}" not in ASYNC_ONLY}
    yield from (f"{name}: missing" for name in wanted - theirs.keys())
    yield from (f"{name}: extra" for name in theirs.keys() - ours.keys())
    for name in ours.keys() & theirs.keys():
        yield from (
            f"{name}: {what}" for what in member_differences(f"{twin.__name__}.{name}", ours[name], theirs[name])
        )
    if twin.__name__ not in OTHER_DOCSTRING and translated(original.__doc__ or "") != twin.__doc__:
        yield "docstring of the class"


def member_differences(name: str, original: object, twin: object) -> Iterator[str]:
    if (type(original), type(twin)) in RESOURCES.values():
        return  # a resource on the class; its type is compared by itself
    if type(original) is not type(twin):
        yield "another kind of member"
        return
    one, other = plain(original), plain(twin)
    if one is None or other is None:
        return
    if inspect.iscoroutinefunction(other) or inspect.isasyncgenfunction(other):
        yield "does not block"
    if name not in OTHER_PARAMETERS and shape(one) != shape(other):
        yield "signature"
    if translated(one.__doc__ or "") != (other.__doc__ or ""):
        yield "docstring"


@each_twin
def test_the_blocking_class_mirrors_the_async_one(original: type, twin: type) -> None:
    """Both classes have the same methods, signatures and docstrings, but for the differences listed above."""
    assert list(differences(original, twin)) == []


def test_every_resource_of_the_async_client_has_its_twin() -> None:
    """Each group of methods stands under the same name in both clients."""
    offered = typing.get_type_hints(client.AsyncPayCombat)
    blocking = typing.get_type_hints(blocking_client.PayCombat)

    assert {name: original for name, (original, _) in RESOURCES.items()} | SHARED == offered
    assert {name: twin for name, (_, twin) in RESOURCES.items()} | SHARED == blocking


def test_every_resource_of_a_client_is_a_twin_of_its_own() -> None:
    """A blocking resource forwards to the async resource of the same name."""
    made = object.__new__(blocking_client.PayCombat)
    twin = SimpleNamespace(**{name: SimpleNamespace(name=name) for name in (*RESOURCES, *SHARED)})

    made._set_up(None, twin)

    assert {name: type(getattr(made, name)) for name in RESOURCES} == {
        name: kind for name, (_, kind) in RESOURCES.items()
    }
    assert {name: getattr(made, name)._async.name for name in RESOURCES} == {name: name for name in RESOURCES}
    assert all(getattr(made, name) is getattr(twin, name) for name in SHARED)


def test_the_blocking_batch_job_takes_the_same() -> None:
    """All parameters; `stop` is an event of threads there, and one of a loop here."""
    original, twin = inspect.signature(batch.sync_customers), inspect.signature(blocking_batch.sync_customers)

    assert [(one.name, one.kind, one.default) for one in original.parameters.values()] == [
        (one.name, one.kind, one.default) for one in twin.parameters.values()
    ]
    assert original.return_annotation == twin.return_annotation


class Original:
    """A thing."""

    async def fetch(self, thing_id: str, *, size: int | None = None) -> str:
        """Get it."""
        return f"{thing_id}{size}"


class Missing:
    """A thing."""


class Extra:
    """A thing."""

    def fetch(self, thing_id: str, *, size: int | None = None) -> str:
        """Get it."""
        return f"{thing_id}{size}"

    def more(self) -> None:
        """Nothing like it there."""


class Renamed:
    """A thing."""

    def fetch(self, ident: str, *, size: int | None = None) -> str:
        """Get it."""
        return f"{ident}{size}"


class OtherKind:
    """A thing."""

    def fetch(self, thing_id: str, size: int | None = None) -> str:
        """Get it."""
        return f"{thing_id}{size}"


class OtherDefault:
    """A thing."""

    def fetch(self, thing_id: str, *, size: int | None = 1) -> str:
        """Get it."""
        return f"{thing_id}{size}"


class OtherAnnotation:
    """A thing."""

    def fetch(self, thing_id: str, *, size: str | None = None) -> str:
        """Get it."""
        return f"{thing_id}{size}"


class OtherResult:
    """A thing."""

    def fetch(self, thing_id: str, *, size: int | None = None) -> bytes:
        """Get it."""
        return f"{thing_id}{size}".encode()


class OtherWords:
    """A thing."""

    def fetch(self, thing_id: str, *, size: int | None = None) -> str:
        """Fetch it."""
        return f"{thing_id}{size}"


class StillAsync:
    """A thing."""

    async def fetch(self, thing_id: str, *, size: int | None = None) -> str:
        """Get it."""
        return f"{thing_id}{size}"


class OtherPurpose:
    """Another thing."""

    def fetch(self, thing_id: str, *, size: int | None = None) -> str:
        """Get it."""
        return f"{thing_id}{size}"


@pytest.mark.parametrize(
    ("faulty", "found"),
    [
        (Missing, ["fetch: missing"]),
        (Extra, ["more: extra"]),
        (Renamed, ["fetch: signature"]),
        (OtherKind, ["fetch: signature"]),
        (OtherDefault, ["fetch: signature"]),
        (OtherAnnotation, ["fetch: signature"]),
        (OtherResult, ["fetch: signature"]),
        (OtherWords, ["fetch: docstring"]),
        (StillAsync, ["fetch: does not block"]),
        (OtherPurpose, ["docstring of the class"]),
    ],
    ids=lambda it: it.__name__ if isinstance(it, type) else "",
)
def test_every_kind_of_difference_is_seen(faulty: type, found: list[str]) -> None:
    """Each faulty class below differs in one way, and the comparison reports that way."""
    assert found == list(differences(Original, faulty))


class Recorder:
    """An async twin that carries nothing out, and keeps what it was called with."""

    def __init__(self, original: type) -> None:
        self.calls: list[tuple[str, dict[str, object]]] = []
        for name, member in members(original).items():
            if inspect.isfunction(member) and not name.startswith("__"):
                setattr(self, name, self._recording(name, member))

    def _recording(self, name: str, member: Callable[..., object]) -> Callable[..., object]:
        def note(*args: object, **kwargs: object) -> None:
            bound = inspect.signature(member).bind(self, *args, **kwargs)
            self.calls.append((name, {key: value for key, value in bound.arguments.items() if key != "self"}))

        async def call(*args: object, **kwargs: object) -> str:
            note(*args, **kwargs)
            return f"result of {name}"

        return call if inspect.iscoroutinefunction(member) else note


def sentinels(method: Callable[..., object]) -> tuple[list[object], dict[str, object], dict[str, object]]:
    """An argument of its own for each parameter: positional ones, named ones, and how they look when bound."""
    positional: list[object] = []
    named: dict[str, object] = {}
    expected: dict[str, object] = {}
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        value = SimpleNamespace(name=parameter.name)
        if parameter.kind is parameter.VAR_KEYWORD:
            named["hole"] = value
            expected[parameter.name] = {"hole": value}
            continue
        expected[parameter.name] = value
        if parameter.kind is parameter.KEYWORD_ONLY:
            named[parameter.name] = value
        else:
            positional.append(value)
    return positional, named, expected


def forwarded(twin: type, name: str, original: type, make: Callable[[Recorder], object]) -> tuple[object, object]:
    """What one blocking method should hand on to its async twin, and what it did."""
    recorder = Recorder(original)
    positional, named, expected = sentinels(getattr(twin, name))

    getattr(make(recorder), name)(*positional, **named)

    return [(name, expected)], recorder.calls


def blocking_methods(twin: type) -> list[str]:
    # They have tests of their own: one makes a client, one ends the loop, one wraps its arguments as secrets.
    skipped = {"with_options", "close", "replace_credentials"}
    return [
        n for n, m in members(twin).items() if inspect.isfunction(m) and not n.startswith("__") and n not in skipped
    ]


@pytest.fixture(name="runner")
def _runner() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


METHODS = [(original, twin, name) for original, twin in RESOURCES.values() for name in blocking_methods(twin)]


@pytest.mark.parametrize(
    ("original", "twin", "name"), METHODS, ids=[f"{twin.__name__}.{name}" for _, twin, name in METHODS]
)
def test_resources_hand_every_argument_on(original: type, twin: type, name: str, runner: Runner) -> None:
    """A parameter that is taken but not passed on is invisible to types and signatures."""
    expected, calls = forwarded(twin, name, original, lambda recorder: twin(runner, recorder))

    assert expected == calls


def test_every_method_of_the_api_is_probed() -> None:
    """As many as there are endpoints, and those that are built on other calls or on the intents store."""
    others = [name for _, twin, name in METHODS if twin is blocking_intents.IntentRecords or name == "find"]

    assert len(ENDPOINTS) == len(METHODS) - len(others)


@pytest.mark.parametrize("name", blocking_methods(blocking_client.PayCombat))
def test_the_client_hands_every_argument_on(name: str, runner: Runner) -> None:
    """`send` and `request` forward each argument under its own name."""

    def make(recorder: Recorder) -> blocking_client.PayCombat:
        made = object.__new__(blocking_client.PayCombat)
        made._runner, made._async = runner, recorder
        return made

    expected, calls = forwarded(blocking_client.PayCombat, name, client.AsyncPayCombat, make)

    assert expected == calls


def test_a_page_number_is_handed_on(runner: Runner) -> None:
    """The blocking pager forwards the page number to the async pager."""
    recorder = Recorder(pagination.Pager)

    blocking_pagination.Pager(runner, recorder).page(7)

    assert [("page", {"number": 7})] == recorder.calls


def test_the_options_of_a_client_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each constructor argument reaches the async client under its own name, and so do those of `with_options`."""
    recorder = Recorder(client.AsyncPayCombat)
    for name in (*RESOURCES, *SHARED):
        setattr(recorder, name, None)
    _, named, expected = sentinels(blocking_client.PayCombat.__init__)
    secrets = {
        "token": Secret("the token"),
        "signature_key": Secret("the key"),
        "webhook_keys": [Secret("another")],
        "proxy": Secret("http://user:password@proxy:3128"),
    }
    received: dict[str, object] = {}

    def construct(**kwargs: object) -> Recorder:
        received.update(kwargs)
        return recorder

    monkeypatch.setattr(blocking_client, "AsyncPayCombat", construct)
    made = blocking_client.PayCombat(**(named | secrets))
    _, options, expected_options = sentinels(blocking_client.PayCombat.with_options)
    recorder.with_options = lambda **kwargs: recorder.calls.append(("with_options", kwargs)) or recorder
    made.with_options(**options)

    assert expected | secrets == received
    assert [("with_options", expected_options)] == recorder.calls


class Forgetful:
    """Takes a page size and forgets it."""

    def __init__(self, twin: Recorder) -> None:
        self._async = twin

    def list(self, *, page_size: object = None, extra_query: object = None) -> object:
        """Not handed on: page_size."""
        return self._async.list(extra_query=extra_query)


def test_the_probe_sees_a_forgotten_argument() -> None:
    """A method that does not forward an argument fails the comparison."""
    expected, calls = forwarded(Forgetful, "list", customers.Customers, Forgetful)

    assert expected != calls


def test_a_refused_proxy_is_not_in_the_traceback() -> None:
    """It may hold a password, and a reporter may print the local variables of our frames."""
    with pytest.raises(ConfigurationError) as caught:
        blocking_client.PayCombat(token="snd_t", signature_key="snd_k", proxy="socks5://user:marked@proxy")

    stack = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    ours = [frame.locals for frame in stack if "paycombat_sync" in frame.filename]
    assert ours
    assert "marked" not in repr(ours)
