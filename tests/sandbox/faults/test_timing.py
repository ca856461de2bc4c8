"""Faults that take time: waits before and after the deed, trickles, and bytes that nobody waits for."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator

import pytest

from paycombat_async.sandbox import Fault, Sandbox
from paycombat_async.sandbox.faults.waits import Strays, Waits
from tests.sandbox.caller import CUSTOMER, NOW, StandingClock
from tests.sandbox.faults.gated_clock import GatedClock
from tests.sandbox.faults.socket_caller import LAST, Heard, connect, hear, listen, update

NOT_FOUND = b'{"status":false,"message":"there is no such path","code":"NOT_FOUND"}'
KEPT = LAST.replace(b"Connection: close\r\n", b"")


async def test_a_trickle_comes_byte_by_byte(sandbox: Sandbox, clock: StandingClock) -> None:
    """With the time set between any two."""
    sandbox.faults.next(Fault.TRICKLE.lasting(2))

    heard = await hear(sandbox, update(sandbox), LAST)

    answer = len(heard.data) - len(heard.behind_the_body)
    assert clock.seconds == NOW + 2 * answer


STRAY_BYTES = {
    Fault.STRAY_ANSWER: rb'HTTP/1\.1 200 OK\r\n(.+\r\n)+\r\n\{"status":true,.*"customer_stray".*\}',
    Fault.STRAY_PART: rb"HTTP/1\.1 200 OK\r\n(.+\r\n)*Content-Le",
    Fault.STRAY_408: rb"HTTP/1\.1 408 Request Timeout\r\n(.+\r\n)+\r\n",
}


@pytest.mark.parametrize("fault", STRAY_BYTES)
async def test_stray_bytes_follow_a_good_answer(sandbox: Sandbox, fault: Fault) -> None:
    """Nobody asked for them, and the connection stays open behind them."""
    sandbox.faults.next(fault)
    reader, writer = await connect(sandbox)

    writer.write(update(sandbox))
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(Heard(head, "").length)
    writer.write(LAST)
    rest = await listen(reader)
    writer.close()

    stray = rest.data.partition(b"HTTP/1.1 404")[0]
    assert json.loads(body)["data"]["description"] == "VIP"
    assert re.fullmatch(STRAY_BYTES[fault], stray, re.DOTALL)
    assert rest.data.endswith(NOT_FOUND)


async def test_stray_bytes_do_not_cross_the_next_request() -> None:
    """A connection in use gets none: they would be its answer. Another connection's request makes no difference."""
    clock = GatedClock()
    async with Sandbox(clock=clock) as sandbox:
        sandbox.faults.script("unknown", [Fault.STRAY_408, Fault.STRAY_408])
        lines = [await connect(sandbox) for _ in range(2)]
        for reader, writer in lines:
            writer.write(KEPT)
            await reader.readuntil(NOT_FOUND)
        await clock.waiting(2)

        (used, writer), (idle, _) = lines
        writer.write(KEPT)
        await used.readuntil(NOT_FOUND)
        clock.open.set()
        on_the_idle = await idle.readuntil(b"\r\n\r\n")
        writer.write(LAST)
        on_the_used = await listen(used)

    for _, writer in lines:
        writer.close()
    assert on_the_used.data.startswith(b"HTTP/1.1 404")
    assert on_the_used.data.count(b"HTTP/1.1") == 1
    assert on_the_idle.startswith(b"HTTP/1.1 408")


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
    """Latency delays the deed, a late answer only the word of it; both answer in the end."""
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


async def test_stray_bytes_are_forgotten_once_they_were_written() -> None:
    """Else every later request would look for them."""
    ours, theirs = socket.socketpair()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    strays = Strays(Waits(StandingClock()))

    strays.plan(transport, b"stray", after=1)
    planned = bool(strays)
    for _ in range(10):
        await asyncio.sleep(0)
    written = theirs.recv(100)

    transport.close()
    theirs.close()
    assert (planned, written, bool(strays)) == (True, b"stray", False)
