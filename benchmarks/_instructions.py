"""Counts instructions: a measure that hardly depends on the machine, nor on what else runs on it.

Each figure is the difference of two counts, of N and of twice as many operations, so that the start of the process and
the preparation of the job are not in it.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks._processes import ROOT

_TOTAL: Final = re.compile(r"^totals: (\d+)$", re.MULTILINE)
_PERF: Final = ("perf", "stat", "-x", ",", "-e", "instructions:u")
_SAME_ORDER: Final = {"PYTHONHASHSEED": "0"}  # of sets and dicts, in each process

Program = Callable[[Sequence[str], Sequence[int]], list[str]]
Counts = Mapping[str, list[float]]


@dataclass(frozen=True, slots=True)
class Counter:
    """A way to count. `count(program, jobs, number, times)` gives so many figures per operation for each job.

    `program(jobs, numbers)` is a command that prepares each job, and carries out so many operations of it, number by
    number. It calls `getppid` once each job is prepared, and after each number.
    """

    name: str
    caveat: str
    count: Callable[[Program, Sequence[str], int, int], Counts]


def counters() -> list[Counter]:
    """Those that work on this machine."""
    return [counter for works, counter in ((_has_valgrind, CALLGRIND), (_has_perf, PERF)) if works()]


def _by_callgrind(program: Program, jobs: Sequence[str], number: int, times: int) -> Counts:
    """One process for all jobs: a dump whenever `getppid` returns has what was counted since the one before."""
    numbers = [number, 2 * number] * times
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "dump")
        valgrind = ("valgrind", "--tool=callgrind", "--dump-after=getppid", f"--callgrind-out-file={out}")
        _run(*valgrind, *program(jobs, numbers))
        dumps = [_total(Path(f"{out}.{place}")) for place in range(1, 1 + len(jobs) * (1 + len(numbers)))]
    per_job = 1 + len(numbers)  # the first dump of a job is its preparation
    starts = range(1, len(dumps), per_job)
    return {
        job: [(dumps[place + 1] - dumps[place]) / number for place in range(start, start + len(numbers), 2)]
        for job, start in zip(jobs, starts, strict=True)
    }


def _by_perf(program: Program, jobs: Sequence[str], number: int, times: int) -> Counts:
    """Two processes for each figure."""

    def taken(job: str, number: int) -> int:
        counted = _counted_by_perf(*program([job], [number]))
        if counted is None:
            raise RuntimeError("perf stat counts no instructions any more")
        return counted

    return {job: [(taken(job, 2 * number) - taken(job, number)) / number for _ in range(times)] for job in jobs}


def _has_valgrind() -> bool:
    return _works("valgrind", "--tool=none", sys.executable, "-I", "-S", "-c", "")


def _has_perf() -> bool:
    """It may be installed where the machine, or its owner, does not let it count."""
    return _works(*_PERF, "true") and _counted_by_perf("true") is not None


def _works(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _counted_by_perf(*command: str) -> int | None:
    """Instructions of a process and its threads outside of the kernel; None where they are not counted.

    Of a processor with two kinds of cores there are two counts.
    """
    counts = [int(line.split(b",")[0]) for line in _run(*_PERF, *command).splitlines() if re.match(rb"\d+,", line)]
    return sum(counts) if counts else None


def _run(*command: str) -> bytes:
    """What a command complains of; raises `RuntimeError` with it if it fails."""
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **_SAME_ORDER}, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stderr


def _total(dump: Path) -> int:
    found = _TOTAL.search(dump.read_text(encoding="utf-8", errors="replace"))
    assert found is not None, dump
    return int(found[1])


CALLGRIND: Final = Counter(
    "valgrind",
    "valgrind's processor has no SHA instructions, so that hashing has a larger share than it has in time",
    _by_callgrind,
)
PERF: Final = Counter("perf stat", "by this machine's own processor, outside of the kernel", _by_perf)
