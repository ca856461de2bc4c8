"""The bridge from blocking calls to the loop: what a caller sees of it, within one process."""

import asyncio
import contextvars
import gc
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from paycombat_async import Attempt, ConfigurationError, ConnectFailed, Disconnected, NotFound, Outcome, RawReply
from paycombat_async.testing import FakeClock, FakeTransport
from paycombat_sync import PayCombat
from paycombat_sync._loop_thread import _POLL_S, _Call
from tests.calls import payout
from tests.processes import PATIENCE_S

CUSTOMER = b'{"status": true, "data": {"customer_id": "customer_1", "type": "company"}}'

MakeClient = Callable[..., PayCombat]


class HangingTransport:
    """Answers nothing until it is cancelled."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.cancelled = threading.Event()

    async def send(self, draft: object, timeout: float) -> RawReply:
        self.entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        raise AssertionError


@pytest.fixture(name="make_client")
def _make_client(transport: FakeTransport, clock: FakeClock) -> Iterator[MakeClient]:
    """A factory of blocking clients, closed at the end."""
    made: list[PayCombat] = []

    def make(**options: object) -> PayCombat:
        settings = {"token": "snd_token", "signature_key": "snd_key", "transport": transport, "clock": clock}
        made.append(PayCombat(**(settings | options)))
        return made[-1]

    yield make
    for client in made:
        client.close()


def threads_of_clients() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "paycombat"]


def test_nothing_starts_before_the_first_call(make_client: MakeClient) -> None:
    """A client made at import time costs no thread, nor does closing it unused."""
    client = make_client()

    client.close()

    assert client.is_closed
    assert threads_of_clients() == []


def test_a_client_and_its_variants_share_one_thread(make_client: MakeClient, transport: FakeTransport) -> None:
    """`with_options` is free: same loop, same connections, same end."""
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
    """And leaves those of its origin alone."""
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
    """One sentence, nothing sent, whether it was ever used or not."""
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
    """The usual way."""
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
    """It would wait for itself; so would `close`."""
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
    """Same object tree as in async code, nothing chained to it, and the caller's line in its traceback."""
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


@pytest.mark.promise("P15")
def test_closing_cuts_calls_of_other_threads(make_client: MakeClient) -> None:
    """They end at once, saying that nobody knows what became of them."""
    transport = HangingTransport()
    client = make_client(transport=transport)

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.customers.retrieve, "customer_1")
        assert transport.entered.wait(PATIENCE_S)
        client.close()
        error = call.exception(PATIENCE_S)

    assert isinstance(error, Disconnected)
    assert error.outcome is Outcome.UNKNOWN
    assert transport.cancelled.is_set()


@pytest.mark.promise("P15")
def test_a_payout_that_closing_cuts_carries_its_evidence(make_client: MakeClient) -> None:
    """Also over a transport of the caller's own, which closing leaves open: the loop's end cuts the call."""
    transport = HangingTransport()
    client = make_client(transport=transport)

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.payouts.create, payout(order_id="order-1"))
        assert transport.entered.wait(PATIENCE_S)
        client.close()
        error = call.exception(PATIENCE_S)

    assert isinstance(error, Disconnected)
    assert (Outcome.UNKNOWN, "order-1", "payouts.create") == (error.outcome, error.reference, error.endpoint)


@pytest.mark.promise("P15")
def test_a_payout_that_was_waiting_for_its_next_attempt_when_closing_cut_it_was_not_sent(
    make_client: MakeClient, transport: FakeTransport
) -> None:
    """Its first attempt never left, and no other was made."""
    waiting = threading.Event()

    class Clock:
        now = monotonic = random = staticmethod(lambda: 0.0)

        async def sleep(self, seconds: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

    client = make_client(clock=Clock())
    transport.fail(ConnectFailed("refused"))

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.payouts.create, payout())
        assert waiting.wait(PATIENCE_S)
        client.close()
        error = call.exception(PATIENCE_S)

    assert isinstance(error, ConnectFailed)
    assert (Outcome.NOT_SENT, True) == (error.outcome, error.may_pass_later)


@pytest.mark.promise("P15")
def test_a_call_that_its_loop_never_began_was_not_sent() -> None:
    """The loop ended between the call's arrival in it and its first step."""

    async def never() -> None:
        raise AssertionError("it began")

    call = _Call(never())
    call.drop()

    assert call.wait(PATIENCE_S)
    with pytest.raises(ConfigurationError, match="closed") as caught:
        call.result()
    assert Outcome.NOT_SENT is caught.value.outcome


@pytest.mark.promise("P15")
def test_an_interrupt_says_as_its_cause_what_became_of_the_payout(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a cancellation does in async code."""
    transport = HangingTransport()
    client = make_client(transport=transport)
    wait = _Call.wait

    def interrupted(call: Any, seconds: float) -> bool:
        if seconds != _POLL_S:
            return wait(call, seconds)
        assert transport.entered.wait(PATIENCE_S)
        raise KeyboardInterrupt

    monkeypatch.setattr(_Call, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        client.payouts.create(payout(order_id="order-1"))

    error = caught.value.__cause__
    assert isinstance(error, Disconnected)
    assert (Outcome.UNKNOWN, "order-1") == (error.outcome, error.reference)


@pytest.mark.promise("P8")
def test_a_loop_that_a_hook_has_ended_is_replaced(make_client: MakeClient, transport: FakeTransport) -> None:
    """SystemExit in a hook ends any event loop: the caller gets it, and the next call works."""
    hooks = iter([SystemExit(3), None])

    def hook(_attempt: Attempt) -> None:
        if (error := next(hooks)) is not None:
            raise error

    client = make_client(on_attempt=hook)
    transport.answer(200, CUSTOMER)
    transport.answer(200, CUSTOMER)

    with pytest.raises(SystemExit):
        client.customers.retrieve("customer_1")

    assert "customer_1" == client.customers.retrieve("customer_1").customer_id


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


def test_a_client_without_references_ends_its_thread(make_client: MakeClient, transport: FakeTransport) -> None:
    """Forgetting a client is no leak."""
    transport.answer(200, CUSTOMER)
    client = PayCombat(token="snd_token", signature_key="snd_key", transport=transport)
    client.customers.retrieve("customer_1")
    (thread,) = threads_of_clients()

    del client

    assert not thread.is_alive()


def test_a_client_collected_in_its_own_thread_ends_it_too(transport: FakeTransport) -> None:
    """The garbage collector runs wherever it likes, and must not wait for the thread it is in."""
    gc.collect()
    gc.disable()
    try:
        transport.answer(200, CUSTOMER)
        client = PayCombat(token="snd_token", signature_key="snd_key", transport=transport)
        client.customers.retrieve("customer_1")
        client.itself = client  # only the collector frees it
        (thread,) = threads_of_clients()
        loop = client._runner._thread._loop
        del client
        loop.call_soon_threadsafe(gc.collect)
        thread.join(PATIENCE_S)
    finally:
        gc.enable()

    assert not thread.is_alive()


@pytest.mark.promise("P8")
def test_a_forked_child_leaves_the_loop_of_its_parent_alone(transport: FakeTransport) -> None:
    """What happens in the child, without the fork: neither a new call nor the end of the client touches that loop."""
    transport.answer(200, CUSTOMER)
    transport.answer(200, CUSTOMER)
    client = PayCombat(token="snd_token", signature_key="snd_key", transport=transport)
    client.customers.retrieve("customer_1")
    inherited = client._runner._thread

    client._runner.disown()
    client.customers.retrieve("customer_1")
    is_another = client._runner._thread is not inherited
    client.close()
    del client

    assert is_another
    assert [inherited._thread] == threads_of_clients()
    inherited.stop()


def test_where_no_thread_can_start_the_call_says_so(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from Python 3.12 on in an exit handler."""

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    client = make_client()
    monkeypatch.setattr(threading.Thread, "start", refuse)

    with pytest.raises(ConfigurationError, match="interpreter shutdown"):
        client.customers.retrieve("customer_1")


@pytest.mark.promise("P8")
def test_many_threads_may_make_the_first_call(make_client: MakeClient, transport: FakeTransport) -> None:
    """They get one loop, not one each."""
    client = make_client()
    for _ in range(20):
        transport.answer(200, CUSTOMER)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(client.customers.retrieve, ["customer_1"] * 20))

    assert 20 == len(answers)
    assert len(threads_of_clients()) == 1
