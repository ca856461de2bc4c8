"""Measuring: contenders take turns in shuffled rounds, so that a slow moment of the machine hits all of them."""

import gc
import random
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Final

_SEED: Final = 20_819_564
_BATCHES_TO_CALIBRATE: Final = 3


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure: so many rounds, and in each so many seconds of a function, or so many calls or rows."""

    rounds: int
    seconds: float
    calls: int
    rows: int


FULL: Final = Effort(rounds=41, seconds=0.004, calls=320, rows=2_000)
QUICK: Final = Effort(rounds=3, seconds=0.001, calls=32, rows=200)


@dataclass(frozen=True, slots=True)
class Samples:
    """Seconds per operation, one figure for each round: processor time of this process, and time on the wall."""

    cpu: list[float]
    wall: list[float]


class Stopwatch:
    """Both clocks, from its making on. Processor time is hardly moved by what else runs on the machine."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._cpu = time.process_time()

    def note(self, samples: Samples, operations: int) -> None:
        """Adds the time passed, per operation."""
        cpu = time.process_time() - self._cpu
        wall = time.perf_counter() - self._wall
        samples.cpu.append(cpu / operations)
        samples.wall.append(wall / operations)


def measure(contenders: Mapping[str, Callable[[], object]], effort: Effort) -> dict[str, Samples]:
    """Samples of functions that take microseconds."""
    times = {name: _calibrated(run, effort.seconds) for name, run in contenders.items()}
    results = {name: Samples([], []) for name in contenders}
    with _old_objects_apart():
        for name in _turns(list(contenders), effort.rounds):
            run, number = contenders[name], times[name]
            watch = Stopwatch()
            for _ in repeat(None, number):
                run()
            watch.note(results[name], number)
    return results


async def measure_async(
    contenders: Mapping[str, Callable[[int], Awaitable[None]]], rounds: int, operations: int
) -> dict[str, Samples]:
    """Samples of coroutines that carry out as many operations as they are told."""
    results = {name: Samples([], []) for name in contenders}
    for name in contenders:
        await contenders[name](operations)
    with _old_objects_apart():
        for name in _turns(list(contenders), rounds):
            watch = Stopwatch()
            await contenders[name](operations)
            watch.note(results[name], operations)
    return results


def measure_blocking(
    contenders: Mapping[str, Callable[[], object]], rounds: int, operations: int
) -> dict[str, Samples]:
    """Samples of functions slow enough to be timed a few at a time."""
    results = {name: Samples([], []) for name in contenders}
    for run in contenders.values():
        run()
    with _old_objects_apart():
        for name in _turns(list(contenders), rounds):
            run = contenders[name]
            watch = Stopwatch()
            for _ in repeat(None, operations):
                run()
            watch.note(results[name], operations)
    return results


@contextmanager
def _old_objects_apart() -> Generator[None]:
    """The collector runs as it does for users, but not through everything that was imported before."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _turns(names: list[str], rounds: int) -> list[str]:
    chance = random.Random(_SEED)
    return [name for _ in range(rounds) for name in chance.sample(names, len(names))]


def _calibrated(run: Callable[[], object], seconds: float) -> int:
    """How often to run it for a sample of about that length; running it warms it up, too."""
    number, passed = 1, 0.0
    while passed < seconds / _BATCHES_TO_CALIBRATE:
        number *= 2
        begun = time.perf_counter()
        for _ in repeat(None, number):
            run()
        passed = time.perf_counter() - begun
    return max(1, round(number * seconds / passed))
