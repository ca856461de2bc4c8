"""Faults on idle connections: unsolicited bytes, FIN and RST."""

import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator

import pytest

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async.sandbox import Fault, Sandbox
from paycombat_async.sandbox.faults import idle
from paycombat_async.sandbox.faults.idle import IdleFaults
from paycombat_async.sandbox.faults.names import IDLE_FAULTS
from paycombat_async.sandbox.faults.sleeper import Sleeper
from tests.sandbox.caller import StandingClock
from tests.sandbox.faults.gated_clock import GatedClock
from tests.sandbox.faults.idle_lines import ENDS, KEPT, STRAY_BYTES, ask, first, is_its_doing
from tests.sandbox.faults.socket_caller import LAST, Heard, connect, listen, update

NOT_FOUND = b'{"status":false,"message":"there is no such path","code":"NOT_FOUND"}'
NAME = "paycombat-sandbox-idle-faults"

each_stray = pytest.mark.parametrize("fault", STRAY_BYTES)
each_end = pytest.mark.parametrize("fault", ENDS)
each_fault = pytest.mark.parametrize("fault", sorted(IDLE_FAULTS))


@each_stray
async def test_stray_bytes_follow_a_good_answer(sandbox: Sandbox, fault: Fault) -> None:
    """Unsolicited bytes arrive after a correct response, and the connection stays open."""
    sandbox.faults.next(fault)
    reader, writer = await connect(sandbox)

    answer = await ask(reader, writer, update(sandbox))
    writer.write(LAST)
    rest = await listen(reader)
    writer.close()

    stray = rest.data.partition(b"HTTP/1.1 404")[0]
    assert answer.document["data"]["description"] == "VIP"
    assert re.fullmatch(STRAY_BYTES[fault], stray, re.DOTALL)
    assert rest.data.endswith(NOT_FOUND)


@each_end
@pytest.mark.parametrize("seconds", [0, 0.005])
async def test_an_idle_connection_ends_after_a_good_answer(sandbox: Sandbox, fault: Fault, seconds: float) -> None:
    """FIN or RST comes although the response said keep-alive; with 0 seconds right after the response."""
    sandbox.faults.next(fault.lasting(seconds))
    reader, writer = await connect(sandbox)

    answer = await ask(reader, writer, update(sandbox))
    rest = await listen(reader)
    writer.close()

    assert answer.document["data"]["description"] == "VIP"
    assert "connection" not in answer.headers
    assert Heard(b"", ENDS[fault]) == rest


@each_fault
async def test_a_request_that_comes_first_keeps_it_away(fault: Fault) -> None:
    """An earlier request cancels the fault, which would look like its response; other connections do not matter."""
    clock = GatedClock()
    async with Sandbox(clock=clock) as sandbox:
        sandbox.faults.script("unknown", [fault, fault])
        (used, used_writer), (idle_one, idle_writer) = [await connect(sandbox) for _ in range(2)]
        await ask(used, used_writer, KEPT)
        await ask(idle_one, idle_writer, KEPT)
        await clock.waiting(2)

        await ask(used, used_writer, KEPT)
        clock.open.set()
        on_the_idle = await first(idle_one)
        used_writer.write(LAST)
        on_the_used = await listen(used)

    for writer in (used_writer, idle_writer):
        writer.close()
    assert [404, 1, "fin"] == [on_the_used.status, on_the_used.data.count(b"HTTP/1.1"), on_the_used.end]
    assert is_its_doing(fault, on_the_idle)


@pytest.mark.parametrize(("seconds", "threads"), [(60, 1), (0, 0)])
async def test_its_thread_ends_with_the_sandbox(seconds: float, threads: int) -> None:
    """One thread serves all connections, is started only for a delay, and ends with the sandbox."""
    async with Sandbox(faults=f"idle_end={seconds}s") as sandbox:
        lines = [await connect(sandbox) for _ in range(3)]
        for reader, writer in lines:
            await ask(reader, writer, KEPT)
        assert threads == sum(thread.name == NAME for thread in threading.enumerate())

    assert [Heard(b"", "fin")] * 3 == [await listen(reader) for reader, _ in lines]
    for _, writer in lines:
        writer.close()
    assert not any(thread.name == NAME for thread in threading.enumerate())


async def test_another_clock_needs_no_thread(sandbox: Sandbox) -> None:
    """With a clock of the test's own, the fault waits in the sandbox's event loop."""
    sandbox.faults.next(Fault.STRAY_408)
    reader, writer = await connect(sandbox)
    await ask(reader, writer, KEPT)
    await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert not any(thread.name == NAME for thread in threading.enumerate())


@pytest.fixture(name="pair")
async def _pair() -> AsyncIterator[tuple[asyncio.Transport, socket.socket]]:
    ours, theirs = socket.socketpair()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    with theirs:
        yield transport, theirs
        transport.close()


async def test_it_is_forgotten_once_it_is_done(pair: tuple[asyncio.Transport, socket.socket]) -> None:
    """A fault that has happened is removed, so that later requests need not look for it."""
    transport, theirs = pair
    clock = StandingClock()
    idle_faults = IdleFaults(clock, Sleeper(clock))

    idle_faults.plan(transport, idle.send(b"stray"), after=1)
    planned = bool(idle_faults)
    for _ in range(10):
        await asyncio.sleep(0)

    assert (planned, theirs.recv(100), bool(idle_faults)) == (True, b"stray", False)


async def test_nothing_is_planned_after_the_end(pair: tuple[asyncio.Transport, socket.socket]) -> None:
    """After `end`, `plan` does nothing: a response still in flight may call it."""
    transport, _ = pair
    idle_faults = IdleFaults(SYSTEM_CLOCK, Sleeper(SYSTEM_CLOCK))
    idle_faults.end()

    idle_faults.plan(transport, idle.close, after=0.005)

    assert not idle_faults
