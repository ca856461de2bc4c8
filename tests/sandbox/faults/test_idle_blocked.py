"""Faults on idle connections while the event loop shared by sandbox and caller is blocked."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from paycombat_async.sandbox import Fault, Sandbox
from paycombat_async.sandbox.faults import idle
from paycombat_async.sandbox.faults.names import IDLE_FAULTS
from tests.sandbox.caller import CUSTOMER
from tests.sandbox.faults.idle_lines import is_its_doing
from tests.sandbox.faults.socket_caller import LAST, Heard, hear, update

SOON = 0.1  # seconds: time enough to be first
LONG_AFTER = 0.2

each_fault = pytest.mark.parametrize("fault", sorted(IDLE_FAULTS))


class Blocking:
    """A caller that stops the loop whenever it listens: that of the sandbox, for they share one."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line

    async def ask(self, request: bytes) -> Heard:
        """The only time when the loop has its turn."""
        self.line.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self.line, request)
        return Heard(await loop.sock_recv(self.line, 1 << 16), "")

    def hear(self, patience: float = 10) -> Heard:
        """What comes next, while nobody but this and the sandbox's thread does anything."""
        self.line.settimeout(patience)
        try:
            data = self.line.recv(1 << 16)
        except ConnectionResetError:
            return Heard(b"", "rst")
        return Heard(data, "" if data else "fin")

    def hear_nothing(self) -> None:
        with pytest.raises(TimeoutError):
            self.hear(LONG_AFTER)


@pytest.fixture(name="shared")
async def _shared() -> AsyncIterator[tuple[Sandbox, Blocking]]:
    """A sandbox by the machine's clock in the loop of its caller."""
    async with Sandbox() as sandbox:
        sandbox.add_customers([CUSTOMER])
        host, port = sandbox.base_url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as line:
            yield sandbox, Blocking(line)


@each_fault
async def test_it_comes_while_the_loop_is_blocked(shared: tuple[Sandbox, Blocking], fault: Fault) -> None:
    """That is when it does harm: the loop reads it with the answer of the next call, or not at all."""
    sandbox, caller = shared
    sandbox.faults.next(fault)

    answer = await caller.ask(update(sandbox))

    assert answer.document["data"]["description"] == "VIP"
    assert is_its_doing(fault, caller.hear())


@each_fault
async def test_a_request_that_lies_in_the_socket_came_first(shared: tuple[Sandbox, Blocking], fault: Fault) -> None:
    """A request in the socket's buffer cancels the fault, although the loop has not read it."""
    sandbox, caller = shared
    sandbox.faults.next(fault.lasting(SOON))
    await caller.ask(update(sandbox))
    caller.line.sendall(update(sandbox))

    caller.hear_nothing()

    answer = await caller.ask(b"")
    assert (200, b"", 2) == (answer.status, answer.behind_the_body, sandbox.executions(CUSTOMER))


async def test_a_request_that_was_answered_came_first(shared: tuple[Sandbox, Blocking]) -> None:
    """After a second response no fault of the first request follows."""
    sandbox, caller = shared
    sandbox.faults.next(Fault.STRAY_500.lasting(SOON))

    await caller.ask(update(sandbox))
    await caller.ask(update(sandbox))

    caller.hear_nothing()


async def test_a_caller_that_has_gone_does_no_harm(shared: tuple[Sandbox, Blocking]) -> None:
    """Nobody is there to hear it, and the next caller is served."""
    sandbox, caller = shared
    sandbox.faults.next(Fault.STRAY_500)
    await caller.ask(update(sandbox))
    caller.line.close()
    await asyncio.sleep(0.02)

    assert (await hear(sandbox, update(sandbox), LAST)).status == 200


async def test_rst_takes_a_turn_of_the_loop_elsewhere(
    shared: tuple[Sandbox, Blocking], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where connect(2) to no address is no reset, the loop that holds the socket closes it."""
    sandbox, caller = shared
    monkeypatch.setattr(idle.sys, "platform", "darwin")
    sandbox.faults.next(Fault.IDLE_RESET)
    await caller.ask(update(sandbox))

    with pytest.raises(ConnectionResetError):
        await caller.ask(b"")
