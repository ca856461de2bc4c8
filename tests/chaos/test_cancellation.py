"""Calls given up at any moment and in any way: no answer goes to another call, nothing is used again half read.

The server is in the same loop and counts in turns of it, as the cancellations do, so a batch is the same each time.
`PAYCOMBAT_SOAK=1` runs ten times as many.
"""

import asyncio
import gc
import logging
import signal
import threading
from collections import Counter
from dataclasses import dataclass, field
from random import Random

import pytest

from paycombat_async import AsyncPayCombat, ProviderError, UpdateCustomer
from paycombat_async.sandbox._background_loop import BackgroundLoop
from paycombat_sync import _loop_thread as blocking
from tests.chaos.cancels import CANCELS, CUT, Call
from tests.chaos.echo_server import EchoServer, Steps
from tests.chaos.processes import program
from tests.chaos.soak import SOAK
from tests.processes import PATIENCE_S
from tests.transport.ways import WAYS, Way, connector_of, pool_of

SEED = 20261122
CALLERS, CALLS = 20, 10  # of a batch: at once, and each one after the other
CONNECTIONS = 16  # fewer than callers, so that some calls are given up while they wait for one
WANTED = 10_000 if SOAK else 1_000  # cancellations that came before the answer
INTERRUPTS = 1_000 if SOAK else 100
LATEST = 30  # turns; by then half of the calls have their answer
BUSY = "busy"
SETTLED = 4  # batches, until caches are full


class StepClock:
    """Time for the client: waits between attempts last a few turns."""

    def __init__(self, random: Random) -> None:
        self.random = random.random

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        over = asyncio.get_running_loop().create_future()
        steps = Steps(int(seconds * 40), lambda: over.done() or over.set_result(None))
        try:
            await over
        finally:
            steps.cancel()


@dataclass
class Tally:
    """What became of the calls of a batch."""

    cuts: Counter[str] = field(default_factory=Counter)
    cut_on_the_wire: int = 0
    answers: int = 0
    wrong: list[tuple[str, str]] = field(default_factory=list)
    sent_twice: list[str] = field(default_factory=list)
    dirty: list[str] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.cuts += other.cuts
        self.cut_on_the_wire += other.cut_on_the_wire
        self.answers += other.answers
        self.wrong += other.wrong
        self.sent_twice += other.sent_twice
        self.dirty += other.dirty
        self.left += other.left


async def read(client: AsyncPayCombat, call: str) -> str:
    return (await client.customers.retrieve(call)).customer_id


async def update(client: AsyncPayCombat, call: str) -> str:
    return (await client.customers.update(UpdateCustomer(customer_id=call))).customer_id


async def create(client: AsyncPayCombat, call: str) -> str:
    """What must not be sent twice."""
    reply = await client.request("POST", "/api/v1/thing", body={"id": call})
    assert isinstance(reply.data, dict)
    return str(reply.data["id"])


KINDS = {"get": read, "patch": update, "post": create}


def calling(client: AsyncPayCombat, call: str) -> Call:
    async def answer() -> str:
        try:
            return await KINDS[call.partition("-")[0]](client, call)
        except ProviderError as error:
            return BUSY if error.status == 503 else str(error)

    return answer


async def batch(seed: str, way: Way) -> Tally:
    """200 calls given up, then some that are not, over the same connections."""
    random = Random(seed)
    tally = Tally()
    before = len(asyncio.all_tasks())
    async with EchoServer(random) as server:
        transport = way(base_url=server.base_url, max_connections=CONNECTIONS)
        client = AsyncPayCombat(
            token="snd_token",
            signature_key="snd_key",
            base_url=server.base_url,
            transport=transport,
            clock=StepClock(random),
        )
        await asyncio.gather(*(caller(client, server, name, random, tally) for name in range(CALLERS)))
        for call in (f"{kind(n)}-last-{n}" for n in range(CONNECTIONS)):
            note(tally, call, await calling(client, call)())
        tally.left["connections in use"] = len(connector_of(transport)._acquired)
        tally.left["attempts"] = len(pool_of(transport).deadlines._running)
        await client.aclose()
        await transport.aclose()
        await until_gone(server)
        tally.left["connections"] = len(server.open)
    tally.left["tasks"] = len(asyncio.all_tasks()) - before
    tally.left["timers"] = timers()
    tally.dirty = server.dirty
    tally.sent_twice = [call for call, times in server.arrivals.items() if times > 1 and call.startswith("post")]
    return tally


async def caller(client: AsyncPayCombat, server: EchoServer, name: int, random: Random, tally: Tally) -> None:
    """Some calls, one after the other, each given up somehow at some turn."""
    for number in range(CALLS):
        call = f"{kind(name + number)}-{name}-{number}"
        give_up = random.choice(CANCELS)
        answer = await give_up(calling(client, call), random.randrange(LATEST))
        if answer == CUT:
            tally.cuts[give_up.__name__] += 1
            tally.cut_on_the_wire += server.arrivals[call] > 0
        else:
            note(tally, call, answer)


def note(tally: Tally, call: str, answer: str) -> None:
    tally.answers += 1
    if answer not in {call, BUSY}:
        tally.wrong.append((call, answer))


def kind(number: int) -> str:
    return tuple(KINDS)[number % len(KINDS)]


async def until_gone(server: EchoServer) -> None:
    """The server learns of a closed connection some turns later."""
    for _ in range(100):
        if server.open:
            await asyncio.sleep(0)


def timers() -> int:
    return sum(not handle.cancelled() for handle in asyncio.get_running_loop()._scheduled)  # type: ignore[attr-defined]


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.promise("P3", "P9")
@pytest.mark.parametrize("way", WAYS if SOAK else ["direct"])
async def test_calls_given_up_at_any_moment_do_no_harm(way, report, caplog):
    """Each answer goes to its own call, no half-read connection is used again, and everything is given back."""
    caplog.set_level(logging.ERROR, "paycombat")  # pytest keeps each warning about a call, and objects are counted here
    total = Tally()
    counts: list[int] = []
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))

    while total.cuts.total() < WANTED:
        total.add(await batch(f"{SEED}-{len(counts)}", WAYS[way]))
        counts.append(objects())

    report(
        batches=len(counts),
        cancels=total.cuts.total(),
        on_the_wire=total.cut_on_the_wire,
        answers=total.answers,
        new_objects=counts[-1] - counts[SETTLED],
        **total.cuts,
    )
    assert ([], [], []) == (total.wrong, total.dirty, total.sent_twice)
    assert {} == +total.left
    assert len(CANCELS) == len(total.cuts)
    assert [] == complaints
    assert counts[-1] - counts[SETTLED] < len(counts) * 10


@pytest.mark.promise("P3", "P9")
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_asyncio_in_debug_mode_finds_nothing_left_open(way):
    """Of calls given up, each response and connection is closed by hand, not by the garbage collector."""
    asyncio.get_running_loop().set_debug(True)

    total = await batch(f"{SEED}-debug", way)
    gc.collect()

    assert total.cuts
    assert ([], [], []) == (total.wrong, total.dirty, total.sent_twice)
    assert {} == +total.left


def test_an_interrupt_while_the_loop_starts_leaves_no_thread(monkeypatch):
    """The first blocking call waits for its thread, and may be interrupted there: the thread then ends by itself."""
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        blocking.LoopThread("interrupted")
    monkeypatch.undo()

    begun = [thread for thread in threading.enumerate() if thread.name == "interrupted"]
    for thread in begun:
        thread.join(PATIENCE_S)
    assert [] == [thread for thread in begun if thread.is_alive()]


@pytest.mark.promise("P8", "P9")
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="POSIX only")
def test_ctrl_c_at_any_moment_of_a_blocking_call_does_no_harm(report):
    """Real interrupts of a real process: no answer goes to another call, and nothing is used again half read."""
    server = EchoServer(Random(SEED))
    thread = BackgroundLoop("echo-server")
    thread.run(server.__aenter__())

    process = program("interrupted_at_any_moment", server.base_url, str(SEED), str(INTERRUPTS))
    code, printed, complaint = process.end(limit=10 * PATIENCE_S if SOAK else PATIENCE_S)

    thread.run(server.__aexit__(None, None, None))
    thread.stop()
    assert (0, "") == (code, complaint)
    cut, *others = printed.split()
    report(interrupts=INTERRUPTS, cut=int(cut), connections=server.connections)
    assert ["0", "customer_1", "2"] == others  # wrong answers, the right one afterwards, and the threads there are
    assert [] == server.dirty
    assert int(cut) > 0
