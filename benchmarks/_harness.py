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
    """How much to measure.

    So many rounds, in each so many seconds of a function, or so many calls, or rows of a batch; then `long_batch` rows
    in one run, batches of up to `longest_batch` rows, and `clients` made and dropped; and `at_once` calls at once for
    `load_seconds`, or more of them where there are more than a thousand.
    """

    rounds: int
    seconds: float
    calls: int
    rows: int
    long_batch: int
    longest_batch: int
    clients: int
    at_once: tuple[int, ...]
    load_seconds: float

    def some_rounds(self, share: int) -> int:
        """One in `share` of the rounds, for what takes long."""
        return max(min(3, self.rounds), self.rounds // share)


FULL: Final = Effort(
    rounds=41,
    seconds=0.004,
    calls=320,
    rows=2_000,
    long_batch=100_000,
    longest_batch=100_000,
    clients=10_000,
    at_once=(1, 16, 128, 1_000, 5_000),
    load_seconds=3.0,
)
QUICK: Final = Effort(
    rounds=3,
    seconds=0.001,
    calls=32,
    rows=200,
    long_batch=1_000,
    longest_batch=1_000,
    clients=200,
    at_once=(1, 16),
    load_seconds=0.3,
)


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
        for name in turns(contenders, effort.rounds):
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
        await contenders[name](min(operations, 2_000))
    with _old_objects_apart():
        for name in turns(contenders, rounds):
            watch = Stopwatch()
            await contenders[name](operations)
            watch.note(results[name], operations)
    return results


def measure_blocking(
    contenders: Mapping[str, Callable[[int], object]], rounds: int, operations: int
) -> dict[str, Samples]:
    """Samples of functions that carry out as many operations as they are told."""
    results = {name: Samples([], []) for name in contenders}
    for run in contenders.values():
        run(operations)
    with _old_objects_apart():
        for name in turns(contenders, rounds):
            watch = Stopwatch()
            contenders[name](operations)
            watch.note(results[name], operations)
    return results


def turns(names: Mapping[str, object], rounds: int) -> list[str]:
    """Every name once in each round, the order shuffled anew."""
    chance = random.Random(_SEED)
    return [name for _ in range(rounds) for name in chance.sample(list(names), len(names))]


@contextmanager
def _old_objects_apart() -> Generator[None]:
    """The collector runs as it does for users, but not through everything that was imported before."""
    are_apart = gc.get_freeze_count() > 0  # as in a run of tests
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        if not are_apart:
            gc.unfreeze()


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
