"""Blocking calls into the client's loop, within one process."""

import asyncio
import contextvars
import copy
import gc
import os
import pickle
import sys
import threading
import types
import warnings
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import anyio
import pytest

from paycombat_async import Attempt, ConfigurationError, NotFound
from paycombat_async.testing import FakeTransport
from paycombat_sync import PayCombat, _runner
from tests.sync.doubles import CUSTOMER, MakeClient, threads_of_clients


def test_nothing_starts_before_the_first_call(make_client: MakeClient) -> None:
    """A client made at import time costs no thread, nor does closing it unused."""
    client = make_client()

    client.close()

    assert client.is_closed
    assert threads_of_clients() == []


def test_a_client_and_its_variants_share_one_thread(make_client: MakeClient, transport: FakeTransport) -> None:
    """Clients made by `with_options` have the same loop and connections, and closing one closes all."""
    client = make_client()
    variant = client.with_options(timeout=1.0)
    transport.answer(200, CUSTOMER)
    transport.answer(200, CUSTOMER)

    client.customers.retrieve("customer_1")
    variant.customers.retrieve("customer_1")

    assert len(threads_of_clients()) == 1
    variant.close()
    assert client.is_closed
    assert threads_of_clients() == []


def test_a_variant_has_settings_of_its_own(make_client: MakeClient, transport: FakeTransport) -> None:
    """`with_options` changes the timeout of the new client only."""
    client = make_client(max_retries=0)
    transport.answer(200, CUSTOMER)
    transport.answer(200, CUSTOMER)

    client.with_options(timeout=3.0).customers.retrieve("customer_1")
    client.customers.retrieve("customer_1")

    assert [3.0, 30.0] == transport.timeouts


@pytest.mark.parametrize(
    "use",
    [
        lambda client: client.customers.retrieve("customer_1"),
        lambda client: client.customers.list().page(),
        lambda client: client.request("GET", "/api/v1/thing"),
        lambda client: client.with_options(timeout=1.0).customers.retrieve("customer_1"),
    ],
    ids=["method", "pager", "raw", "variant"],
)
@pytest.mark.parametrize("is_used", [False, True], ids=["unused", "used"])
def test_a_closed_client_says_so(
    make_client: MakeClient, transport: FakeTransport, use: Callable[[PayCombat], object], is_used: bool
) -> None:
    """Every use of a closed client raises `ConfigurationError` and sends nothing."""
    client = make_client()
    if is_used:
        transport.answer(200, CUSTOMER)
        client.customers.retrieve("customer_1")
    client.close()
    client.close()

    with pytest.raises(ConfigurationError, match="closed"):
        use(client)

    assert int(is_used) == len(transport.drafts)
    assert "closed" in repr(client)


def test_leaving_the_with_block_closes(make_client: MakeClient) -> None:
    """A client used as a context manager is closed at the end of the block."""
    with make_client() as client:
        assert not client.is_closed

    assert client.is_closed


def test_the_context_of_the_caller_is_carried_over(make_client: MakeClient, transport: FakeTransport) -> None:
    """Request ids and tracing spans in context variables are seen by hooks."""
    request_id = contextvars.ContextVar("request_id", default="none")
    seen: list[str] = []
    client = make_client(on_attempt=lambda _: seen.append(request_id.get()))
    transport.answer(200, CUSTOMER)

    contextvars.copy_context().run(lambda: (request_id.set("mine"), client.customers.retrieve("customer_1")))

    assert ["mine"] == seen


def test_a_call_from_a_hook_is_refused(make_client: MakeClient, transport: FakeTransport) -> None:
    """A call or `close` in a hook would wait for its own loop: it raises `ConfigurationError` instead."""
    refused: list[str] = []

    def hook(_attempt: Attempt) -> None:
        for use in (lambda: client.customers.retrieve("customer_2"), client.close):
            try:
                use()
            except ConfigurationError as error:
                refused.append(str(error))

    client = make_client(on_attempt=hook)
    transport.answer(200, CUSTOMER)

    customer = client.customers.retrieve("customer_1")

    assert "customer_1" == customer.customer_id
    assert [True, True] == ["own loop" in text for text in refused]
    assert not client.is_closed


@pytest.mark.promise("P10")
def test_an_error_comes_as_it_is(make_client: MakeClient, transport: FakeTransport) -> None:
    """An error has no cause, no context and few frames of ours, as in async code."""
    client = make_client()
    transport.answer(404, b'{"status": false, "message": "no"}')

    with pytest.raises(NotFound) as caught:
        client.customers.retrieve("customer_1")

    error = caught.value
    assert (None, None, 1) == (error.__cause__, error.__context__, error.attempts)
    frames = [entry.name for entry in caught.traceback]
    assert "test_an_error_comes_as_it_is" == frames[0]
    assert len([entry for entry in caught.traceback if "paycombat" not in str(entry.path)]) <= 1


def test_an_error_is_freed_without_the_garbage_collector(make_client: MakeClient, transport: FakeTransport) -> None:
    """No cycle through frames: an error that lingers holds requests, and personal data, in memory."""
    client = make_client()
    transport.answer(404, b'{"status": false, "message": "no"}')

    def fail() -> "weakref.ref[NotFound]":
        try:
            client.customers.retrieve("customer_1")
        except NotFound as error:
            return weakref.ref(error)
        raise AssertionError

    gc.collect()
    gc.disable()
    try:
        gone = fail()
        client.close()  # the loop's last look at the call is over then
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.promise("P8")
def test_one_run_of_anyio_serves_all_calls_of_a_client(
    make_client: MakeClient, transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`anyio.run` is called once, in the client's thread: connections belong to its loop, and a loop for each call
    would open new ones each time.
    """
    runs: list[str] = []
    run = anyio.run
    monkeypatch.setattr(anyio, "run", lambda *a, **k: (runs.append(threading.current_thread().name), run(*a, **k)))
    client = make_client()
    for _ in range(3):
        transport.answer(200, CUSTOMER)

    for _ in range(3):
        client.customers.retrieve("customer_1")

    assert ["paycombat"] == runs


@pytest.mark.promise("P8")
def test_the_blocking_client_stays_on_asyncios_own_loop(make_client: MakeClient, transport: FakeTransport) -> None:
    """`uvloop.install()` sets the policy that this test sets, and changes nothing for the blocking client."""
    uvloop = pytest.importorskip("uvloop")
    loops: list[str] = []
    client = make_client(on_attempt=lambda _: loops.append(type(asyncio.get_running_loop()).__module__))
    transport.answer(200, CUSTOMER)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # policies are deprecated from Python 3.14 on
        before = asyncio.get_event_loop_policy()
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        try:
            client.customers.retrieve("customer_1")
        finally:
            asyncio.set_event_loop_policy(before)

    assert ["asyncio"] == [name.partition(".")[0] for name in loops]


@pytest.mark.parametrize(("shell", "warned"), [(None, 1), (object(), 0)], ids=["library", "notebook"])
def test_only_a_notebook_may_block_its_loop_without_a_warning(
    shell: object, warned: int, make_client: MakeClient, transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program in which some library imports IPython is no notebook: it has no shell, and is warned."""
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr(_runner, "_warned", set())
    client = make_client()
    transport.answer(200, CUSTOMER)

    async def cell() -> None:
        client.customers.retrieve("customer_1")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(cell())

    assert warned == len([one for one in caught if "blocks the event loop" in str(one.message)])


@pytest.mark.promise("P8")
def test_a_forked_child_leaves_the_loop_of_its_parent_alone(
    transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another process, neither a new call nor the end of the client touches the inherited loop."""
    transport.answer(200, CUSTOMER)
    transport.answer(200, CUSTOMER)
    client = PayCombat(token="snd_token", signature_key="snd_key", transport=transport)
    client.customers.retrieve("customer_1")
    inherited = client._runner._thread

    monkeypatch.setattr(os, "getpid", lambda: -1)  # as in the child
    client.customers.retrieve("customer_1")
    is_another = client._runner._thread is not inherited
    client.close()
    del client

    assert is_another
    assert [inherited._thread] == threads_of_clients()
    inherited.stop()


@pytest.mark.promise("P8")
@pytest.mark.timeout(20)
def test_a_fork_during_the_first_call_of_another_thread(
    make_client: MakeClient, transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child does not have that thread, so the lock it held is never released there; the child's calls work."""
    client = make_client()
    transport.answer(200, CUSTOMER)

    with ThreadPoolExecutor(1) as pool:
        lock = client._runner._lock()
        pool.submit(lock.__enter__).result()
        monkeypatch.setattr(os, "getpid", lambda: -1)  # as in the child
        assert "customer_1" == client.customers.retrieve("customer_1").customer_id
        client.close()
        pool.submit(lock.__exit__, None, None, None).result()


def test_where_no_thread_can_start_the_call_says_so(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python from 3.12 on starts no thread in an exit handler: that raises `ConfigurationError`."""

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    client = make_client()
    monkeypatch.setattr(threading.Thread, "start", refuse)

    with pytest.raises(ConfigurationError, match="interpreter shutdown"):
        client.customers.retrieve("customer_1")


def test_where_no_loop_can_start_the_call_says_so(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process with too many open files gets the error of the system, and does not hang."""

    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise OSError(24, "Too many open files")

    client = make_client()
    monkeypatch.setattr(anyio, "run", refuse)

    with pytest.raises(OSError, match="Too many open files"):
        client.customers.retrieve("customer_1")


@pytest.mark.promise("P8")
def test_many_threads_may_make_the_first_call(make_client: MakeClient, transport: FakeTransport) -> None:
    """Twenty first calls at once start one loop, not one each."""
    client = make_client()
    for _ in range(20):
        transport.answer(200, CUSTOMER)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(client.customers.retrieve, ["customer_1"] * 20))

    assert 20 == len(answers)
    assert len(threads_of_clients()) == 1


@pytest.mark.promise("P7")
@pytest.mark.parametrize(
    "part",
    [
        lambda client: client,
        lambda client: client.with_options(timeout=1.0),
        lambda client: client.customers,
        lambda client: client.customers.list(),
    ],
    ids=["client", "variant", "resource", "pager"],
)
@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickle.dumps])
def test_a_client_says_why_it_cannot_be_pickled(
    make_client: MakeClient, part: Callable[[PayCombat], object], duplicate: Callable[[object], object]
) -> None:
    """As when it is given to a worker of a process pool: each process makes its own."""
    with pytest.raises(TypeError, match="make a client in each process"):
        duplicate(part(make_client()))
