"""Blocking calls that closing or Ctrl-C cuts: they say which call it was, and what became of it."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from paycombat_async import ConfigurationError, ConnectFailed, Disconnected, Outcome
from paycombat_async.testing import FakeTransport
from paycombat_sync._loop_thread import _Call
from paycombat_sync._native_thread import poll_seconds
from tests.calls import payout
from tests.processes import PATIENCE_S
from tests.sync.doubles import HangingTransport, MakeClient

pytestmark = pytest.mark.promise("P15")


def test_a_payout_that_closing_cuts_carries_its_evidence(make_client: MakeClient) -> None:
    """Also over a transport of the caller's own, which closing leaves open: the loop's end cuts the call."""
    transport = HangingTransport()
    client = make_client(transport=transport)

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.payouts.create, payout(order_id="order-1"))
        assert transport.entered.acquire(timeout=PATIENCE_S)
        client.close()
        error = call.exception(PATIENCE_S)

    assert isinstance(error, Disconnected)
    assert (Outcome.UNKNOWN, "order-1", "payouts.create") == (error.outcome, error.reference, error.endpoint)


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


def test_an_interrupt_says_as_its_cause_what_became_of_the_payout(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a cancellation does in async code."""
    transport = HangingTransport()
    client = make_client(transport=transport)
    wait = _Call.wait

    def interrupted(call: Any, seconds: float) -> bool:
        if seconds != poll_seconds():
            return wait(call, seconds)
        assert transport.entered.acquire(timeout=PATIENCE_S)
        raise KeyboardInterrupt

    monkeypatch.setattr(_Call, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        client.payouts.create(payout(order_id="order-1"))

    error = caught.value.__cause__
    assert isinstance(error, Disconnected)
    assert (Outcome.UNKNOWN, "order-1") == (error.outcome, error.reference)
