"""Ctrl-C and signal handlers at every point of a blocking call; whole programs are in test_processes.py."""

import gc
import signal
import sys
import threading
from typing import NoReturn

import pytest

from paycombat_async import Outcome, PayCombatError
from paycombat_async.testing import FakeTransport
from paycombat_sync import _loop_thread, _native_thread, _runner
from tests.calls import payout
from tests.processes import PATIENCE_S
from tests.sync.doubles import CUSTOMER, HangingTransport, MakeClient


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="POSIX only")
def test_ctrl_c_returns_when_the_request_is_cut(make_client: MakeClient) -> None:
    """KeyboardInterrupt is raised after the request has ended, so that an `except` may rely on it."""
    transport = HangingTransport(dying=0.2)
    client = make_client(transport=transport)

    def interrupt() -> None:
        assert transport.entered.acquire(timeout=PATIENCE_S)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        client.customers.retrieve("customer_1")

    assert transport.cancelled.is_set()
    thread.join()


@pytest.mark.promise("P15")
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="POSIX only")
def test_ctrl_c_during_a_payout_says_what_became_of_it(make_client: MakeClient) -> None:
    """The cause of the KeyboardInterrupt is the error that the caller would have got: outcome, reference, advice."""
    transport = HangingTransport()
    client = make_client(transport=transport)

    def interrupt() -> None:
        assert transport.entered.acquire(timeout=PATIENCE_S)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt) as caught:
        client.payouts.create(payout())
    thread.join()

    fate = caught.value.__cause__
    assert isinstance(fate, PayCombatError)
    assert (Outcome.UNKNOWN, "order-1", 1) == (fate.outcome, fate.reference, fate.attempts)
    assert fate.advice


@pytest.mark.parametrize("status", [200, 404])
def test_an_interrupt_just_after_the_answer_is_raised_at_once(
    status: int,
    make_client: MakeClient,
    transport: FakeTransport,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """There is nothing to cancel, so nothing is waited for, and the error that nobody gets is not logged."""
    client = make_client()
    transport.answer(status, CUSTOMER)
    transport.answer(200, CUSTOMER)
    waits: list[float] = []
    wait = _loop_thread._Call.wait

    def interrupted(call: object, seconds: float) -> NoReturn:
        waits.append(seconds)
        wait(call, seconds)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_loop_thread._Call, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            client.customers.retrieve("customer_1")

    gc.collect()
    assert [_native_thread.poll_seconds()] == waits
    assert "never retrieved" not in caplog.text
    assert "customer_1" == client.customers.retrieve("customer_1").customer_id


def test_an_interrupt_before_the_loop_has_the_call(
    make_client: MakeClient, transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is dropped without waiting for it; nothing is sent and no coroutine is left over."""
    client = make_client()
    transport.answer(200, CUSTOMER)
    transport.answer(200, CUSTOMER)
    client.customers.retrieve("customer_1")
    loop = client._runner._thread._loop
    call_soon = loop.call_soon_threadsafe

    def interrupted(*_args: object, **_kwargs: object) -> NoReturn:
        monkeypatch.setattr(loop, "call_soon_threadsafe", call_soon)
        raise KeyboardInterrupt

    monkeypatch.setattr(_loop_thread, "_CANCEL_GRACE_S", PATIENCE_S)
    monkeypatch.setattr(loop, "call_soon_threadsafe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.customers.retrieve("customer_2")

    gc.collect()
    assert "customer_1" == client.customers.retrieve("customer_1").customer_id
    assert 2 == len(transport.drafts)


def test_a_signal_handler_may_close_and_exit_before_the_loop_has_the_call(
    make_client: MakeClient, transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handler's SystemExit reaches the caller, and is not replaced by an error about the closed loop."""
    client = make_client()
    transport.answer(200, CUSTOMER)
    client.customers.retrieve("customer_1")

    def leave(*_args: object, **_kwargs: object) -> NoReturn:
        monkeypatch.undo()
        client.close()
        sys.exit(143)

    monkeypatch.setattr(client._runner._thread._loop, "call_soon_threadsafe", leave)

    with pytest.raises(SystemExit):
        client.customers.retrieve("customer_1")


@pytest.mark.timeout(20)
def test_a_signal_handler_may_call_during_the_first_call(
    make_client: MakeClient, transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handler runs in the same thread, while the loop's thread is being made, and is not locked out."""
    client = make_client()
    transport.answer(200, CUSTOMER)
    transport.answer(200, CUSTOMER)
    handled: list[str] = []

    def interrupted(name: str) -> _loop_thread.LoopThread:
        monkeypatch.undo()
        handled.append(client.customers.retrieve("customer_1").customer_id)
        return _loop_thread.LoopThread(name)

    monkeypatch.setattr(_runner, "LoopThread", interrupted)

    assert "customer_1" == client.customers.retrieve("customer_1").customer_id
    assert ["customer_1"] == handled


@pytest.mark.timeout(20)
def test_a_signal_handler_may_call_while_a_call_enters_the_loop(
    make_client: MakeClient, transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handler runs in the same thread, between two steps of the call it interrupts, and both are answered."""
    client = make_client()
    for _ in range(3):
        transport.answer(200, CUSTOMER)
    client.customers.retrieve("customer_1")
    loop = client._runner._thread._loop
    call_soon = loop.call_soon_threadsafe
    handled: list[str] = []

    def interrupted(*args: object, **kwargs: object) -> None:
        monkeypatch.undo()
        handled.append(client.customers.retrieve("customer_1").customer_id)
        call_soon(*args, **kwargs)

    monkeypatch.setattr(loop, "call_soon_threadsafe", interrupted)

    assert "customer_1" == client.customers.retrieve("customer_1").customer_id
    assert ["customer_1"] == handled
