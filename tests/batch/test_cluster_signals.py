"""Flags in a Dask scheduler: how workers learn that they have to stop, and what they do without a scheduler."""

import asyncio
import threading
from typing import Any

import pytest

from paycombat_async.batch import dask_calls
from paycombat_async.batch.cluster_signals import CANCEL, SILENT_S, STOP, Signals
from paycombat_async.batch.dask_calls import ask
from paycombat_async.testing import FakeClock
from tests.processes import PATIENCE_S

pytest.importorskip("distributed", reason="distributed is not installed")


class Client:
    """Stands in for a blocking client of Dask."""

    asynchronous = False


class Scheduler:
    """Makes the flags, which are set after a number of questions; it answers only the first `answers` questions."""

    def __init__(self, set_after: dict[str, int], answers: int) -> None:
        self.set_after, self.answers, self.asked = set_after, answers, 0

    def event(self, name: str, client: object) -> "Flag":
        return Flag(self, name.rpartition("-")[2])


class Flag:
    def __init__(self, scheduler: Scheduler, kind: str) -> None:
        self._scheduler, self._kind = scheduler, kind

    def is_set(self) -> bool:
        self._scheduler.asked += 1
        if self._scheduler.asked > self._scheduler.answers:
            raise OSError("the connection is closed")
        return self._scheduler.asked > self._scheduler.set_after.get(self._kind, PATIENCE_S)

    def set(self) -> None:
        self._scheduler.asked += 1
        if self._scheduler.asked <= self._scheduler.answers:
            raise OSError("the connection is closed")
        self._scheduler.set_after[self._kind] = 0


def signals_of(scheduler: Scheduler, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Signals:
    monkeypatch.setattr("distributed.Event", scheduler.event)
    return Signals(Client(), "run", clock)


async def test_a_worker_stops_and_then_cancels_when_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flags are asked for every second, the second one only after the first."""
    clock, stop, cancelled = FakeClock(), asyncio.Event(), list[bool]()
    signals = signals_of(Scheduler({STOP: 2, CANCEL: 5}, PATIENCE_S), clock, monkeypatch)

    await signals.relay(stop, lambda: cancelled.append(stop.is_set()))

    assert [True] == cancelled
    assert [1.0, 1.0, 1.0] == clock.slept


async def test_a_worker_whose_scheduler_is_silent_stops_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would carry the run out to its end otherwise, and nobody could stop it."""
    clock, stop = FakeClock(), asyncio.Event()
    relay = asyncio.ensure_future(signals_of(Scheduler({}, 3), clock, monkeypatch).relay(stop, lambda: None))
    async with asyncio.timeout(PATIENCE_S):
        await stop.wait()
    relay.cancel()

    assert 2 + SILENT_S < clock.time - FakeClock().time <= 2 + SILENT_S + 2


async def test_a_flag_is_set_although_the_scheduler_failed_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, scheduler = FakeClock(), Scheduler({}, 2)

    await signals_of(scheduler, clock, monkeypatch).set(STOP)

    assert {STOP: 0} == scheduler.set_after
    assert [1.0, 1.0] == clock.slept


def test_a_call_that_never_returns_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the caller nor the end of the event loop, which waits for the threads of `asyncio.to_thread`."""
    monkeypatch.setattr(dask_calls, "ANSWER_S", 0.01)
    release = threading.Event()

    async def main() -> Any:
        return await ask(release.wait, asynchronous=False)

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    release.set()


async def test_an_error_of_dask_reaches_the_caller() -> None:
    def fail() -> None:
        raise OSError("closed")

    with pytest.raises(OSError, match="closed"):
        await ask(fail, asynchronous=False)
