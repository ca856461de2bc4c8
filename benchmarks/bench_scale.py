"""Many calls at once against a server that answers after 50 ms, as a provider does: `python -m benchmarks scale`."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

import msgspec

from benchmarks._callers import BARE, DEFAULT, HTTPXES, SDK
from benchmarks._harness import Effort, turns
from benchmarks._load import SHARES, Load
from benchmarks._peers import installed, left_out
from benchmarks._processes import in_fresh_process
from benchmarks._results import Goal, Row, Table
from benchmarks._server import LATER_S, running_server
from benchmarks._statistics import paired, spread
from benchmarks._sync_callers import HTTPXES as BLOCKING_HTTPXES
from benchmarks._sync_callers import REQUESTS
from benchmarks._sync_callers import SDK as BLOCKING

THREADS: Final = 8
_SHARE: Final = 13  # of the rounds, one in so many
_USUAL: Final = 100  # connections of a client, unless told otherwise
_MOST_OF_HTTPX: Final = 1_000  # at once: with more, its first calls do not end within a minute
_PER_SECOND: Final = 1_000  # with more at once the load lasts longer, so that each task has several calls
_WORK: Final = (
    f"each task makes one call after the other, the server answers after {LATER_S * 1e3:.0f} ms; all have as many "
    "connections as tasks, unless said otherwise; measured once each task has had its first call; memory is what is "
    "added to the idle client's process; bare aiohttp sends bytes prepared beforehand and only reads the answer"
)
_PROGRAM: Final = "import sys; from benchmarks._load import main; main(*sys.argv[1:])"


class Figure(NamedTuple):
    """One figure of a load: its name, its unit, and whether more of it is better. `of` is None where no call ended."""

    name: str
    unit: str
    of: Callable[[Load], float | None]
    more_is_better: bool = False


def _latency(place: int, load: Load) -> float | None:
    return load.latency_ms[place] if load.latency_ms else None


RATE: Final = Figure("calls per second", "calls/s", lambda load: load.rate, more_is_better=True)
CPU: Final = Figure("processor time per call", "µs", lambda load: load.cpu_us if load.latency_ms else None)
LATENCIES: Final = tuple(
    Figure(f"{share:.0%} of the calls within", "ms", partial(_latency, place)) for place, share in enumerate(SHARES)
)
MEMORY: Final = Figure("memory", "MB", lambda load: load.memory_mb)
SOCKETS: Final = Figure("sockets open", "sockets", lambda load: load.sockets)
FAIRNESS: Final = Figure(
    "calls of the slowest task beside the fastest",
    "share",
    lambda load: load.slowest / max(1, load.fastest),
    more_is_better=True,
)
FAILED: Final = Figure("calls that failed", "calls", lambda load: load.failed)
_GOALS: Final = {(SDK, CPU): Goal("<=", 1.0), (SDK, FAIRNESS): Goal(">=", 0.5), (DEFAULT, FAIRNESS): Goal(">=", 0.5)}
FIGURES: Final = (RATE, CPU, *LATENCIES, MEMORY, SOCKETS, FAIRNESS, FAILED)


def run(effort: Effort) -> list[Table]:
    """Rate, latency, memory, sockets and fairness of each client, at each number of calls at once."""
    table = Table("scale", "Many calls at once", "times the rate, or the processor time, of the named client")
    rounds = effort.some_rounds(_SHARE)
    with running_server() as server:
        url = f"{server.address}/later"
        for number in effort.at_once:
            seconds = effort.load_seconds * max(1.0, number / _PER_SECOND)
            loads = _loads(_tasks(number), rounds, partial(measured, "tasks", url, number, seconds))
            table.rows += _rows(f"{number:,} at once", loads, BARE)
        take = partial(measured, "threads", url, THREADS, effort.load_seconds)
        loads = _loads(_blocking(), rounds, take)
        table.rows += _rows(f"blocking, {THREADS} threads", loads, [*loads][-1])
        table.remarks.append(server.remark())
    table.work[table.rows[0].case] = _WORK
    table.remarks += left_out(*HTTPXES, "requests")
    return [table]


def _tasks(number: int) -> list[str]:
    names = [SDK, *([DEFAULT] if number > _USUAL else []), BARE]
    newest = installed(*HTTPXES)[:1] if number <= _MOST_OF_HTTPX else []
    return names + [HTTPXES[name] for name in newest]


def _blocking() -> list[str]:
    """The SDK, and today's httpx and requests as far as they are installed; the last one is what they are beside."""
    newest = [BLOCKING_HTTPXES[name] for name in installed(*BLOCKING_HTTPXES)[:1]]
    return [BLOCKING, *newest, *([REQUESTS] if installed("requests") else [])]


def measured(kind: str, url: str, number: int, seconds: float, name: str) -> Load:
    """Of a process of its own, whose memory nobody else has used before."""
    return msgspec.convert(in_fresh_process(_PROGRAM, kind, name, url, number, seconds), Load)


def _loads(names: Sequence[str], rounds: int, take: Callable[[str], Load]) -> dict[str, list[Load]]:
    """All clients in turn, round by round."""
    loads: dict[str, list[Load]] = {name: [] for name in names}
    for name in turns(loads, rounds):
        loads[name].append(take(name))
    return loads


def _rows(case: str, loads: dict[str, list[Load]], base: str) -> list[Row]:
    rows = (_row(f"{case}: {figure.name}", name, figure, loads, base) for figure in FIGURES for name in loads)
    return [row for row in rows if row is not None]


def _row(case: str, name: str, figure: Figure, loads: dict[str, list[Load]], base: str) -> Row | None:
    values, others = (_values(figure, loads[one]) for one in (name, base))
    if not values:
        return None
    is_compared = figure in {RATE, CPU} and len(values) == len(others) and all(others)
    return Row(
        case,
        name,
        spread(values).median,
        figure.unit,
        paired(values, others) if is_compared else None,
        base if is_compared else "",
        _GOALS.get((name, figure)),
        more_is_better=figure.more_is_better,
    )


def _values(figure: Figure, loads: Sequence[Load]) -> list[float]:
    return [value for value in map(figure.of, loads) if value is not None]
