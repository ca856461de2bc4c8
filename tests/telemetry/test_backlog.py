"""Gauges of what waits, for alerts: as true as the last reading, and gone when nobody reads any more."""

import asyncio
import contextlib
import logging
import sys
import threading
from typing import Any

import pytest

from paycombat_async import ConfigurationError, StoreFailed, TimedOut, webhooks
from paycombat_async.intents import MemoryIntents
from paycombat_async.telemetry import gauges, watch_backlog
from paycombat_async.testing import FakeClock
from paycombat_sync import telemetry as blocking
from paycombat_sync import webhooks as blocking_webhooks
from tests.calls import payout
from tests.processes import PATIENCE_S, run
from tests.telemetry.recording import Recording
from tests.telemetry.test_hostile import Meters
from tests.webhooks.postgres_events import event

pytestmark = pytest.mark.promise("P17")

GAUGES = (
    "paycombat.inbox.events",
    "paycombat.inbox.oldest",
    "paycombat.intents.unresolved",
    "paycombat.intents.oldest",
)


class Rounds(FakeClock):
    """A clock whose sleeper waits until a test lets it go on, for as long as the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = asyncio.Event()
        self.go_on = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.asleep.set()
        await self.go_on.wait()
        self.go_on.clear()

    async def next(self) -> None:
        self.asleep.clear()
        self.go_on.set()
        await self.asleep.wait()


@contextlib.asynccontextmanager
async def watching(clock: Rounds, recording: Recording, **options: Any):
    task = asyncio.create_task(watch_backlog(**options, meter_provider=recording.meters, clock=clock))
    waiting = asyncio.create_task(clock.asleep.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def shown(recording: Recording) -> dict[str, float]:
    """All values, by gauge and state."""
    return {
        " ".join([name, *(value for key, value in attributes.items() if key == "paycombat.inbox.state")]): value
        for name in GAUGES
        for attributes, value in recording.points(name)
    }


async def test_gauges_show_what_waits(make_client, transport, recording) -> None:
    """A webhook that waits, one in work, one for a person; a payout of which nobody knows."""
    clock = Rounds()
    inbox, store = webhooks.MemoryInbox(clock=clock, telemetry=False), MemoryIntents(clock=clock)
    for each in (event("SUCCESS"), event("EXPIRED"), event("SUCCESS", number=2), event("SUCCESS", number=3)):
        await inbox.receive(each)
    await inbox.take()
    transport.fail(TimedOut("no answer"))
    with pytest.raises(TimedOut):
        await make_client(intents=store, telemetry=False).payouts.create(payout())
    clock.time += 90

    async with watching(clock, recording, inbox=inbox, intents=store):
        first = shown(recording)
        await inbox.take()
        await clock.next()
        second = shown(recording)

    assert first == {
        "paycombat.inbox.events waiting": 3,
        "paycombat.inbox.events taken": 0,
        "paycombat.inbox.events conflict": 1,
        "paycombat.inbox.events damaged": 0,
        "paycombat.inbox.oldest": 90,
        "paycombat.intents.unresolved": 1,
        "paycombat.intents.oldest": 90,
    }
    assert (2, 1) == (second["paycombat.inbox.events waiting"], second["paycombat.inbox.events taken"])
    assert [15.0, 15.0] == clock.slept


async def test_nothing_waits_is_a_zero(recording) -> None:
    """No gap, on which an alert would fire."""
    clock = Rounds()
    async with watching(clock, recording, inbox=webhooks.MemoryInbox(clock=clock), intents=MemoryIntents()):
        assert {0} == set(shown(recording).values())
        assert 7 == len(shown(recording))


async def test_values_that_are_no_longer_true_are_not_shown(recording, caplog) -> None:
    """A store that fails: one warning, the last values for three intervals, then none; and again when it is back."""
    clock = Rounds()

    class Broken(webhooks.MemoryInbox):
        is_broken = False

        async def depth(self):
            if self.is_broken:
                raise StoreFailed("the disk is full")
            return await super().depth()

    inbox = Broken(clock=clock)
    counts = []
    async with watching(clock, recording, inbox=inbox, every=10):
        inbox.is_broken = True
        for seconds in (10, 20, 10, 10):
            clock.time += seconds
            await clock.next()
            counts.append(len(shown(recording)))
        inbox.is_broken = False
        await clock.next()
        counts.append(len(shown(recording)))
    counts.append(len(shown(recording)))

    assert [5, 5, 0, 0, 5, 0] == counts
    assert ["the backlog cannot be read, and is read again: the disk is full"] == caplog.messages
    assert {"StoreFailed"} == {vars(record)["error.type"] for record in caplog.records}


async def test_several_inboxes_are_told_apart(recording) -> None:
    """By name, over the same gauges: a provider ignores the callbacks of gauges that it has already."""
    clocks = [Rounds(), Rounds()]
    with_shops = [
        watching(clock, recording, inbox=webhooks.MemoryInbox(clock=clock), name=name)
        for clock, name in zip(clocks, ("shop", "market"), strict=True)
    ]
    async with with_shops[0], with_shops[1]:
        names = {attributes["paycombat.backlog"] for attributes, _ in recording.points("paycombat.inbox.oldest")}

    assert {"shop", "market"} == names


def test_blocking_code_watches_in_a_thread(recording) -> None:
    """A thread of the program's, until it is interrupted; here by a clock that has enough."""
    read = threading.Event()

    class Once(FakeClock):
        async def sleep(self, seconds):
            values.update(shown(recording))
            read.set()
            raise KeyboardInterrupt

    values: dict[str, float] = {}
    inbox = blocking_webhooks.MemoryInbox(telemetry=False)
    inbox.receive(event("SUCCESS"))

    def watch() -> None:
        with contextlib.suppress(KeyboardInterrupt):
            blocking.watch_backlog(inbox=inbox, intents=MemoryIntents(), meter_provider=recording.meters, clock=Once())

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join(PATIENCE_S)
    inbox.close()

    assert read.is_set()
    assert (1, 0) == (values["paycombat.inbox.events waiting"], values["paycombat.intents.unresolved"])
    assert {} == shown(recording)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "needs inbox=, intents= or both"),
        ({"intents": MemoryIntents(), "every": 0}, "every must be a number of seconds"),
        ({"intents": MemoryIntents(), "every": float("nan")}, "every must be a number of seconds"),
        ({"intents": MemoryIntents(), "every": "15"}, "every must be a number of seconds"),
        ({"intents": MemoryIntents(), "every": None}, "every must be a number of seconds"),
    ],
)
async def test_what_cannot_be_watched_is_refused(options, problem) -> None:
    """At once, on either side."""
    with pytest.raises(ConfigurationError, match=problem):
        await watch_backlog(**options)
    with pytest.raises(ConfigurationError, match=problem):
        await asyncio.to_thread(blocking.watch_backlog, **options)


async def test_a_broken_meter_leaves_the_program_alone(recording, caplog) -> None:
    """It goes on reading; nothing is shown."""
    clock = Rounds()

    class Broken(Meters):
        def get_meter(self, *_, **__):
            raise RuntimeError("Bearer 4711")

    with caplog.at_level(logging.INFO):
        task = asyncio.create_task(
            watch_backlog(inbox=webhooks.MemoryInbox(clock=clock), meter_provider=Broken(), clock=clock)
        )
        await clock.asleep.wait()
        await clock.next()
        task.cancel()

    assert gauges.gauges_of(Broken()) is None
    assert "4711" not in caplog.text


AT_THE_END = """
import atexit, threading, traceback
from paycombat_async._clock import SystemClock
from paycombat_sync.telemetry import watch_backlog
from paycombat_sync.webhooks import MemoryInbox

watching, ended = threading.Event(), threading.Event()

class UntilTheEnd(SystemClock):
    async def sleep(self, seconds):
        watching.set()
        threading.main_thread().join()

def watch():
    try:
        watch_backlog(inbox=MemoryInbox(), clock=UntilTheEnd())
    except BaseException:
        traceback.print_exc()
    ended.set()

threading.Thread(target=watch, daemon=True).start()
watching.wait(60)
atexit.register(ended.wait, 60)
"""


def test_a_program_that_ends_while_its_backlog_is_watched_prints_nothing() -> None:
    """A daemon thread still runs when Python starts no more threads, and reading a blocking inbox needs one."""
    ended = run(sys.executable, "-W", "error", "-c", AT_THE_END)

    assert (0, "", "") == (ended.returncode, ended.stdout, ended.stderr)
