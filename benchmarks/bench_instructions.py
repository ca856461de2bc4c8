"""Instructions per operation, the same on a busy machine as on a quiet one: `python -m benchmarks instructions`."""

import sys
from collections.abc import Sequence
from typing import Final

from benchmarks._callers import BARE
from benchmarks._counted import AT_ONCE, CALL, JOBS
from benchmarks._harness import Effort
from benchmarks._instructions import Counter, Counts, counters
from benchmarks._results import Row, Table
from benchmarks._server import running_server
from benchmarks._statistics import paired, spread

_NOISE: Final = 0.01  # figures of the same code differ by less than this share
_MOST: Final = 200  # operations in the longer of two counts: under valgrind each takes fifty times as long
_TIMES: Final = 3
_ABSENT: Final = "neither valgrind nor a perf that counts instructions is on this machine: nothing was counted"
_WORK: Final = (
    f"differences of two counts, of N and of 2 N operations in a process; calls over loopback, {AT_ONCE} at once, the "
    "server not counted, nor the kernel; a row of a batch without journal and socket, since a journal is written by "
    "time, which stands still under valgrind"
)


def run(effort: Effort) -> list[Table]:
    """What each job costs, and the calls beside a bare one, by each counter that there is."""
    table = Table("instructions", "Instructions per operation", f"times the instructions of {BARE}")
    found = counters()
    for counter in found:
        counts = _counted(counter, list(JOBS), max(2, min(_MOST, effort.calls) // 2), min(_TIMES, effort.rounds))
        table.rows += _rows(f"by {counter.name}", counts)
        table.remarks.append(f"{counter.name}: {counter.caveat}")
    if found:
        table.work[table.rows[0].case] = _WORK
    else:
        table.remarks.append(_ABSENT)
    return [table]


def _counted(counter: Counter, jobs: Sequence[str], number: int, times: int) -> Counts:
    with running_server() as server:

        def program(jobs: Sequence[str], numbers: Sequence[int]) -> list[str]:
            order = ",".join(map(str, numbers))
            return [sys.executable, "-m", "benchmarks._counted", server.address, order, *jobs]

        return counter.count(program, jobs, number, times)


def _rows(case: str, counts: Counts) -> list[Row]:
    bare = counts[CALL + BARE]
    return [
        Row(
            case,
            job,
            spread(figures).median,
            "instr.",
            paired(figures, bare) if job.startswith(CALL) else None,
            BARE if job.startswith(CALL) else "",
            noise=_NOISE,
        )
        for job, figures in counts.items()
    ]
