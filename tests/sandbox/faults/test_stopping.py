"""The sandbox stops at once and without a word, whatever is in flight."""

import asyncio
import gc
import logging

import pytest

from paycombat_async.sandbox import Fault, Sandbox, listening
from paycombat_async.sandbox.faults.names import IDLE_FAULTS
from paycombat_async.sandbox.faults.table import ACTIONS
from tests.processes import PATIENCE_S
from tests.sandbox.caller import CUSTOMER
from tests.sandbox.faults.gated_clock import GatedClock
from tests.sandbox.faults.socket_caller import connect, listen, update

BROKEN_OFF = [Fault.LATENCY, Fault.LATE_ANSWER, Fault.TRICKLE]
WAITING = [*BROKEN_OFF, *IDLE_FAULTS]


@pytest.fixture(name="_patience", autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for aiohttp's handlers, which it has patience with, is seen on a busy machine, too."""
    monkeypatch.setattr(listening, "_SHUTDOWN_S", 10 * PATIENCE_S)


@pytest.mark.parametrize("fault", ACTIONS)
async def test_it_stops_while_a_fault_is_in_flight(fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
    """With open connections on which something is still to come; the client sees them end."""
    caplog.set_level(logging.DEBUG)
    clock = GatedClock()
    loop = asyncio.get_running_loop()
    async with Sandbox(clock=clock, faults=fault.value) as sandbox:
        sandbox.add_customers([CUSTOMER])
        lines = [await connect(sandbox) for _ in range(3)]
        for _, writer in lines:
            writer.write(update(sandbox))
        if fault in WAITING:
            await clock.waiting(3)
        else:
            await asyncio.gather(*(reader.read(1) for reader, _ in lines), return_exceptions=True)
        began = loop.time()

    took = loop.time() - began
    heard = [await listen(reader) for reader, _ in lines]
    for _, writer in lines:
        writer.close()
    gc.collect()
    assert took < PATIENCE_S
    assert len({each.end for each in heard}) == 1
    if fault in BROKEN_OFF:
        assert not any(each.data.endswith(b"}") for each in heard)
    assert [] == [record for record in caplog.records if record.name != "asyncio" or record.levelno > logging.DEBUG]
    assert [] == [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and not task.done()]


def test_a_thread_stops_as_well() -> None:
    """With a late answer and a trickle on the real clock, minutes from their end."""

    async def leave_waiting() -> float:
        with Sandbox(faults="late_answer=600s:0.5,trickle=600s:0.5") as sandbox:
            sandbox.add_customers([CUSTOMER])
            lines = [await connect(sandbox) for _ in range(8)]
            for _, writer in lines:
                writer.write(update(sandbox))
            while sandbox.executions(CUSTOMER) < len(lines):  # noqa: ASYNC110  # the sandbox is in another thread
                await asyncio.sleep(0)
            assert sandbox.faults.counts.keys() == {Fault.LATE_ANSWER, Fault.TRICKLE}
            began = asyncio.get_running_loop().time()
        took = asyncio.get_running_loop().time() - began
        for _, writer in lines:
            writer.close()
        return took

    assert asyncio.run(leave_waiting()) < PATIENCE_S


async def test_a_stopped_sandbox_can_start_again_with_its_faults() -> None:
    """What is scripted comes in the next run."""
    sandbox = Sandbox()
    async with sandbox:
        sandbox.faults.next(Fault.DISCONNECT_BEFORE_COMMIT)

    async with sandbox:
        reader, writer = await connect(sandbox)
        writer.write(update(sandbox))
        heard = await listen(reader)
        writer.close()

    assert heard.data == b""
