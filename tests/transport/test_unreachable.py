"""Connections and names that hang or lie, by each way: an error in time that says that nothing was sent."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from paycombat_async import AsyncPayCombat, ConnectFailed, Outcome
from tests.calls import payout
from tests.processes import PATIENCE_S
from tests.raw_server import Serve, answering, http
from tests.transport.connecting import NAME, NEVER, OK, Look, at
from tests.transport.senders import Sender
from tests.transport.ways import WAYS

pytestmark = pytest.mark.promise("P3", "P4")

LATE = "no connection within the time allowed"
LIMITS = {
    "limit of connecting": {"connect_timeout": 0.05, "timeout": NEVER},
    "limit of the attempt": {"connect_timeout": NEVER, "timeout": 0.05},
}
ON_ASYNCIO = [pytest.param((way, "asyncio"), id=way) for way in WAYS]  # uvloop resolves in C


@pytest.fixture(name="deaf")
def _deaf() -> Iterator[Callable[[str, int], int]]:
    """Makes a port at an address (0: any) at which connecting never ends: its queue is full, and nobody accepts."""
    if sys.platform != "linux":
        pytest.skip("other systems refuse what does not fit into the queue")
    held: list[socket.socket] = []

    def deaf(address: str, port: int) -> int:
        listening = socket.socket()
        held.append(listening)
        listening.bind((address, port))
        listening.listen(0)
        for _ in range(2):
            waiting = socket.socket()
            held.append(waiting)
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(listening.getsockname())
        return int(listening.getsockname()[1])

    yield deaf
    for one in held:
        one.close()


@pytest.fixture(name="hanging")
def _hanging(resolve_with: Callable[[Look], None]) -> Iterator[threading.Event]:
    """A resolver that does not answer before this event is set."""
    over = threading.Event()

    def look_up(*_arguments: object, **_options: object) -> object:
        over.wait(PATIENCE_S)
        raise socket.gaierror(socket.EAI_AGAIN, "over")

    resolve_with(look_up)
    yield over
    over.set()


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_connecting_that_hangs_ends_in_time(limits: dict[str, float], sender: Sender, deaf) -> None:
    """The peer's machine does not even answer the first packet."""
    ended = sender.one(f"http://127.0.0.1:{deaf('127.0.0.1', 0)}", **limits)

    assert ended.is_not_sent, ended
    assert LATE in ended.words


@pytest.mark.parametrize("sender", ON_ASYNCIO, indirect=True)
def test_a_resolver_that_hangs_ends_in_time(sender: Sender, hanging: threading.Event) -> None:
    """Also that of a user's session, whose limit of connecting does not cover it."""
    ended = sender.one(f"http://{NAME}:1", connect_timeout=NEVER, timeout=0.05)
    hanging.set()

    assert ended.is_not_sent, ended
    assert LATE in ended.words


@pytest.mark.parametrize("place", ["connecting", "resolving"])
async def test_all_attempts_of_a_call_end_within_its_time(
    place: str, deaf, hanging: threading.Event, client_tls
) -> None:
    """What was not sent is tried again and again, and still the call ends at its deadline."""
    port = deaf("127.0.0.1", 0)
    base_url = f"https://{NAME}:{port}" if place == "resolving" else f"https://127.0.0.1:{port}"
    async with AsyncPayCombat(
        token="snd_t",
        signature_key="snd_k",
        base_url=base_url,
        ssl_context=client_tls,
        timeout=0.2,
        connect_timeout=0.05,
        max_retries=1000,
    ) as client:
        with pytest.raises(ConnectFailed) as caught:
            await asyncio.wait_for(client.payouts.create(payout()), PATIENCE_S)

    assert Outcome.NOT_SENT is caught.value.outcome
    assert not hanging.is_set()


@pytest.mark.parametrize("sender", ON_ASYNCIO, indirect=True)
def test_a_dead_address_before_the_right_one_costs_no_payout(sender: Sender, serve: Serve, resolve_with) -> None:
    """As of a resolver that still knows the old address: nothing listens there."""
    port = serve(answering(http(200, OK))).rpartition(":")[2]
    resolve_with(at("127.0.0.2", "127.0.0.1"))

    ended = sender.one(f"http://{NAME}:{port}")

    assert ended.is_answered, ended


@pytest.mark.parametrize("sender", ON_ASYNCIO[:1], indirect=True)
def test_a_deaf_address_before_the_right_one_costs_no_payout(sender: Sender, serve: Serve, deaf, resolve_with) -> None:
    """The next address is tried while the first is still being waited for (RFC 8305, 5)."""
    port = serve(answering(http(200, OK))).rpartition(":")[2]
    deaf("127.0.0.2", int(port))
    resolve_with(at("127.0.0.2", "127.0.0.1"))

    ended = sender.one(f"http://{NAME}:{port}")

    assert ended.is_answered, ended


@pytest.mark.parametrize("sender", ON_ASYNCIO, indirect=True)
def test_addresses_without_end_are_tried_only_as_long_as_there_is_time(sender: Sender, deaf, resolve_with) -> None:
    """A thousand of them, at none of which anybody answers."""
    port = deaf("127.0.0.1", 0)
    resolve_with(at(*["127.0.0.1"] * 1000))

    ended = sender.one(f"http://{NAME}:{port}", connect_timeout=NEVER, timeout=0.05)

    assert ended.is_not_sent, ended
    assert LATE in ended.words
