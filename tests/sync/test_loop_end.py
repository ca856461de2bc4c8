"""The end of a client's loop: by `close`, a hook that exits or the garbage collector, and calls that come meanwhile."""

import gc
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import pytest

from paycombat_async import Attempt, ConfigurationError, Disconnected, Outcome
from paycombat_async.testing import FakeTransport
from paycombat_sync import PayCombat
from tests.processes import PATIENCE_S
from tests.sync.doubles import CUSTOMER, HangingTransport, MakeClient, SlowlyEndingTransport, threads_of_clients


@pytest.mark.promise("P15")
def test_closing_cuts_calls_of_other_threads(make_client: MakeClient) -> None:
    """Each of 20 calls ends at once, with `Disconnected` and an unknown outcome."""
    transport = HangingTransport()
    client = make_client(transport=transport)

    with ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(client.customers.retrieve, "customer_1") for _ in range(20)]
        assert all(transport.entered.acquire(timeout=PATIENCE_S) for _ in calls)
        client.close()
        errors = [call.exception(PATIENCE_S) for call in calls]

    assert [Disconnected] * 20 == [type(error) for error in errors]
    assert {Outcome.UNKNOWN} == {error.outcome for error in errors}
    assert transport.cancelled.is_set()


def test_closing_that_fails_still_ends_the_thread(make_client: MakeClient, transport: FakeTransport) -> None:
    """An interrupted `close(grace=60)`, for example, leaves no thread and no connection behind."""
    client = make_client()
    transport.answer(200, CUSTOMER)
    client.customers.retrieve("customer_1")

    async def fail() -> NoReturn:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        client._runner.close(fail)

    assert threads_of_clients() == []


@pytest.mark.promise("P8")
def test_a_loop_that_a_hook_has_ended_is_replaced(make_client: MakeClient, transport: FakeTransport) -> None:
    """SystemExit in a hook ends the loop: the caller gets it, and the next call works."""
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


def exit_once() -> Callable[[Attempt], None]:
    """A hook that ends the program, and does nothing when it is called again."""
    errors = [SystemExit(3)]

    def hook(_attempt: Attempt) -> None:
        if errors:
            raise errors.pop()

    return hook


@pytest.mark.promise("P8")
def test_a_call_right_after_a_hook_ended_the_loop(make_client: MakeClient) -> None:
    """The loop is still ending when the next call comes, which gets a new loop and its answer."""
    client = make_client(transport=SlowlyEndingTransport(), on_attempt=exit_once())
    with pytest.raises(SystemExit):
        client.customers.retrieve("customer_1")

    assert "customer_1" == client.customers.retrieve("customer_1").customer_id


def test_a_hook_that_exits_ends_the_with_block_as_it_wants(make_client: MakeClient, transport: FakeTransport) -> None:
    """`close` finds a loop that has ended, and does not replace the SystemExit by an error of its own."""
    transport.answer(200, CUSTOMER)

    with pytest.raises(SystemExit), make_client(on_attempt=exit_once()) as client:
        client.customers.retrieve("customer_1")

    assert client.is_closed


@pytest.mark.promise("P8")
def test_a_loop_that_nobody_stopped_is_replaced(make_client: MakeClient, transport: FakeTransport) -> None:
    """A hook may start a task that exits after the call has ended: no caller sees that, and the next call works."""
    client = make_client()
    transport.answer(200, CUSTOMER)
    transport.answer(200, CUSTOMER)
    client.customers.retrieve("customer_1")
    loop_thread = client._runner._thread
    loop_thread._loop.call_soon_threadsafe(sys.exit, 3)
    loop_thread._thread.join(PATIENCE_S)

    assert "customer_1" == client.customers.retrieve("customer_1").customer_id


@pytest.mark.promise("P15")
def test_a_call_into_a_loop_that_is_ending_is_disconnected(make_client: MakeClient) -> None:
    """A call that enters after the loop has begun to end raises `Disconnected`, and does not hang."""
    transport = SlowlyEndingTransport()
    client = make_client(transport=transport)
    client.customers.retrieve("customer_1")
    client._runner._thread._loop.call_soon_threadsafe(sys.exit, 3)
    assert transport.is_ending.wait(PATIENCE_S)

    with pytest.raises(Disconnected):
        client.customers.retrieve("customer_1")


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_call_that_comes_too_late_is_refused(
    is_seen: bool, make_client: MakeClient, transport: FakeTransport
) -> None:
    """Another thread closes the client while this one is about to call: nothing is sent, no coroutine is left over.

    It may do so before or just after this thread sees that the client is open.
    """
    client = make_client()
    transport.answer(200, CUSTOMER)
    client.customers.retrieve("customer_1")
    loop_thread = client._runner._usable()
    client.close()
    loop_thread._is_over = is_seen

    with pytest.raises(ConfigurationError, match="closed by another thread"):
        loop_thread.run(client._async.customers.retrieve("customer_1"))

    gc.collect()
    assert 1 == len(transport.drafts)


def test_a_call_while_the_loop_ends_is_refused(make_client: MakeClient) -> None:
    """It raises that nothing was sent, instead of being cut with an unknown outcome."""
    transport = SlowlyEndingTransport()
    client = make_client(transport=transport)
    client.customers.retrieve("customer_1")
    loop_thread = client._runner._thread

    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(loop_thread.stop)
        assert transport.is_ending.wait(PATIENCE_S)
        with pytest.raises(ConfigurationError) as caught:
            loop_thread.run(client._async.customers.retrieve("customer_1"))
        closing.result()

    assert Outcome.NOT_SENT is caught.value.outcome


def test_a_client_without_references_ends_its_thread(make_client: MakeClient, transport: FakeTransport) -> None:
    """A client that is dropped without `close` ends its thread."""
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
