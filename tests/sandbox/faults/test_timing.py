"""Faults that take time: waits before and after the handler, and slow bodies."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from paycombat_async.sandbox import Fault, Sandbox
from tests.sandbox.caller import CUSTOMER, NOW, StandingClock
from tests.sandbox.faults.gated_clock import GatedClock
from tests.sandbox.faults.socket_caller import LAST, connect, hear, update


async def test_a_trickle_comes_byte_by_byte(sandbox: Sandbox, clock: StandingClock) -> None:
    """A trickled response arrives one byte at a time, with the configured wait between bytes."""
    sandbox.faults.next(Fault.TRICKLE.lasting(2))

    heard = await hear(sandbox, update(sandbox), LAST)

    answer = len(heard.data) - len(heard.behind_the_body)
    assert clock.seconds == NOW + 2 * answer


@pytest.fixture(name="gated")
async def _gated() -> AsyncIterator[tuple[Sandbox, GatedClock]]:
    clock = GatedClock()
    async with Sandbox(clock=clock) as sandbox:
        sandbox.add_customers([CUSTOMER])
        yield sandbox, clock


@pytest.mark.parametrize(
    ("fault", "carried_out"),
    [pytest.param(Fault.LATENCY, 0, id="latency"), pytest.param(Fault.LATE_ANSWER, 1, id="late-answer")],
)
async def test_the_wait_is_before_or_after(gated: tuple[Sandbox, GatedClock], fault: Fault, carried_out: int) -> None:
    """Latency delays the execution, a late answer only the response; both respond in the end."""
    sandbox, clock = gated
    sandbox.faults.next(fault)
    hearing = asyncio.ensure_future(hear(sandbox, update(sandbox), LAST))

    await clock.waiting(1)

    assert (carried_out, False) == (sandbox.executions(CUSTOMER), hearing.done())
    clock.open.set()
    assert (await hearing).document["data"]["description"] == "VIP"
    assert sandbox.executions(CUSTOMER) == 1


@pytest.mark.parametrize("fault", [Fault.LATENCY, Fault.LATE_ANSWER, Fault.TRICKLE])
async def test_a_client_that_has_gone_does_no_harm(gated: tuple[Sandbox, GatedClock], fault: Fault) -> None:
    """It is carried out all the same, and the next client is served."""
    sandbox, clock = gated
    sandbox.faults.next(fault)
    _, writer = await connect(sandbox)
    writer.write(update(sandbox))
    await clock.waiting(1)

    writer.transport.abort()
    clock.open.set()
    after = await hear(sandbox, update(sandbox), LAST)

    assert (200, 2) == (after.status, sandbox.executions(CUSTOMER))


@pytest.mark.parametrize("fault", [Fault.DISCONNECT_AFTER_COMMIT, Fault.RESET_AFTER_COMMIT, Fault.TRICKLE])
async def test_a_client_that_leaves_at_once_does_no_harm(sandbox: Sandbox, fault: Fault) -> None:
    """Gone before there is an answer to break; the next client is served."""
    sandbox.faults.next(*[fault] * 5)
    for _ in range(5):
        _, writer = await connect(sandbox)
        writer.write(update(sandbox))
        writer.transport.abort()
    while len(sandbox.arrivals) < 5:  # noqa: ASYNC110  # the sandbox has no event for it
        await asyncio.sleep(0)

    after = await hear(sandbox, update(sandbox), LAST)

    assert (200, 6) == (after.status, sandbox.executions(CUSTOMER))
