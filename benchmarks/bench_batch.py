"""Many customers at once, beside a loop of bare aiohttp and one of the SDK's calls: `python -m benchmarks batch`."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from benchmarks._callers import BARE, at_once, caller
from benchmarks._data import KEY, REQUESTS, TOKEN, USUAL
from benchmarks._harness import Effort, Samples, Stopwatch, measure_async
from benchmarks._processes import MEMORY_IS_KNOWN, in_fresh_process, peak_mb
from benchmarks._results import WALL, Goal, Row, Table, against, times_as_fast
from benchmarks._server import running_server
from benchmarks._statistics import spread
from paycombat_async import AsyncPayCombat, UpdateCustomer
from paycombat_async.batch.api import sync_customers

_BASE: Final = "bare loop of customers.update"
_UNWRITTEN: Final = "sync_customers without journal"
_JOURNAL: Final = "sync_customers with journal"
_GOALS: Final = {BARE: Goal(">=", 1.0), _BASE: Goal(">=", 0.9)}  # with a journal
_FLAT: Final = Goal("<=", 1.1)
_GROWTH: Final = Goal("<=", 20.0)
CONCURRENCY: Final = 64
_FEW: Final = 1_000  # rows: what longer batches are compared with
_RUNS_OF_FEW: Final = 5
_PARTS: Final = 10  # of the longest batch
_MOST_UNDER_WAY: Final = 1_000  # rows: more than there are in the batch's window, its queue and its workers
_ROW_S: Final = 0.0005  # more than a row takes
_STRIDE: Final = 0x9E3779B97F4A7C15F39CC0605CEDC835  # odd, and 2**128 by the golden ratio: its multiples lie scattered
_LONG_ROUNDS: Final = 8  # of the rounds, one in so many for the long batch
_WORK: Final = (
    f"{CONCURRENCY} workers each; the loops keep nothing and stop at the first error, that of bare aiohttp sends one "
    "prepared body again and again, and leaves the answers encoded; with a journal every row is on disk before it is "
    "sent, and its result after"
)
_LENGTH_WORK: Final = (
    f"sync_customers with journal, in one fresh process; each tenth of the long batch beside runs of {_FEW:,} rows"
)

Action = Callable[[int], Awaitable[None]]


def run(effort: Effort) -> list[Table]:
    """The rate with and without a journal, and what the length of a batch does to cost and memory."""
    table = Table("batch", "Update many customers", f"times the rate of the {_BASE}")
    length = Table("batch", "Update many customers: long files", f"times the cost per row at {_FEW:,} rows")
    with running_server() as server:
        base_url = f"{server.address}/clean"
        names = (BARE, _BASE, _UNWRITTEN, _JOURNAL)
        samples = asyncio.run(_compare(base_url, names, effort.some_rounds(2), effort.rows))
        table.rows += _rows(effort.rows, samples, {})
        few = effort.some_rounds(_LONG_ROUNDS)
        samples = asyncio.run(_compare(base_url, (BARE, _BASE, _JOURNAL), few, effort.long_batch))
        table.rows += _rows(effort.long_batch, samples, _GOALS)
        length.rows += _lengths(base_url, effort.longest_batch)
        table.remarks.append(server.remark())
    table.work[table.rows[0].case] = _WORK
    length.work[length.rows[0].case] = _LENGTH_WORK
    table.remarks.append(
        "each round has a new journal in the system's temporary folder, forced to disk as a real run's"
    )
    return [table, length]


def _rows(rows: int, samples: dict[str, Samples], goals: Mapping[str, Goal]) -> list[Row]:
    case = f"{rows:,} rows, {CONCURRENCY} at once"
    by_clock, by_processor = f"{case}: time on the wall per row", f"{case}: processor time per row"
    return [
        *times_as_fast(by_clock, samples, base=_BASE, goals={_JOURNAL: goals.get(_BASE)}, pick=WALL),
        *against(by_clock, samples, ours=_JOURNAL, peers={BARE: goals.get(BARE)}, pick=WALL),
        *times_as_fast(by_processor, samples, base=_BASE),
        *against(by_processor, samples, ours=_JOURNAL, peers={BARE: None}),
    ]


async def _compare(base_url: str, names: tuple[str, ...], rounds: int, rows: int) -> dict[str, Samples]:
    with journals() as new_journal:
        async with _client(base_url) as client, caller(BARE, base_url, CONCURRENCY) as call:
            batches: dict[str, Action] = {
                BARE: at_once(CONCURRENCY, call),
                _BASE: lambda rows: bare(client, rows),
                _UNWRITTEN: lambda rows: batch(client, requests_for(rows), None),
                _JOURNAL: lambda rows: batch(client, requests_for(rows), new_journal()),
            }
            return await measure_async({name: batches[name] for name in names}, rounds, rows)


@contextmanager
def journals() -> Generator[Callable[[], Path]]:
    """Paths for new journals, which are gone afterwards."""
    numbers = count()
    with tempfile.TemporaryDirectory() as folder:
        yield lambda: Path(folder, f"{next(numbers)}.journal")


def _client(base_url: str) -> AsyncPayCombat:
    return AsyncPayCombat(token=TOKEN, signature_key=KEY, base_url=base_url)


def requests_for(rows: int) -> Iterator[UpdateCustomer]:
    """Customers as the provider names them: in no order, which is what a journal has to cope with."""
    request = REQUESTS[USUAL]
    names = (f"customer_{number * _STRIDE % 2**128:032x}" for number in range(rows))
    return (msgspec.structs.replace(request, customer_id=name) for name in names)


async def bare(client: AsyncPayCombat, rows: int) -> None:
    requests = requests_for(rows)

    async def work() -> None:
        for request in requests:
            await client.customers.update(request)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(work())


async def batch(
    client: AsyncPayCombat, requests: Iterator[UpdateCustomer] | AsyncIterator[UpdateCustomer], journal: Path | None
) -> None:
    report = await sync_customers(client, requests, journal=journal, concurrency=CONCURRENCY)
    assert report.updated == report.rows, report


def _lengths(base_url: str, longest: int) -> list[Row]:
    """Cost per row along a long batch beside that of short ones, and what the length does to memory."""
    program = "from benchmarks.bench_batch import measured_lengths as m; import sys; m(sys.argv[1], int(sys.argv[2]))"
    short, long, peaks = in_fresh_process(program, base_url, longest)
    ratios = [part / few for part, few in zip(long, short, strict=True)]
    case = "processor time per row, by the number of rows"
    base = f"{_FEW:,} rows"
    rows = [
        Row(case, base, median(short) * 1e6, "µs"),
        Row(case, f"{longest:,} rows", median(long) * 1e6, "µs", spread(ratios), base, _FLAT),
        Row(case, "the last tenth of them", long[-1] * 1e6, "µs", spread(ratios[-1:]), base),
    ]
    if MEMORY_IS_KNOWN:
        case = f"memory, {longest:,} rows after {_FEW:,}"
        rows.append(Row(case, "peak of the process", peaks[-1], "MB"))
        rows.append(Row(case, "growth of the peak", peaks[-1] - peaks[0], "MB", goal=_GROWTH))
    return rows


def measured_lengths(base_url: str, longest: int) -> None:
    """What `_lengths` wants to know, printed as JSON. It needs a process of its own."""
    print(msgspec.json.encode(asyncio.run(_measure_lengths(base_url, longest))).decode())


async def _measure_lengths(base_url: str, longest: int) -> tuple[list[float], list[float], list[float]]:
    """Processor time per row of short batches and of each tenth of a long one, in turn, and peaks of memory.

    The machine's speed drifts more within minutes than the cost that is looked for: so the long batch is held up after
    each tenth, until its rows under way are through, and short ones run before it goes on.
    """
    short, long = Samples([], []), Samples([], [])
    peaks: list[float] = []
    few = min(_FEW, longest)
    with journals() as new_journal:
        async with _client(base_url) as client:

            async def short_batches() -> float:
                taken = Samples([], [])
                for _ in range(_RUNS_OF_FEW):
                    watch = Stopwatch()
                    await batch(client, requests_for(few), new_journal())
                    watch.note(taken, few)
                peaks.append(peak_mb() if MEMORY_IS_KNOWN else 0.0)
                return median(taken.cpu)

            async def held_up() -> AsyncIterator[UpdateCustomer]:
                requests, part = requests_for(longest), longest // _PARTS
                for _ in range(_PARTS):
                    watch = Stopwatch()
                    for request in islice(requests, part):
                        yield request
                    await asyncio.sleep(min(part, _MOST_UNDER_WAY) * _ROW_S)
                    watch.note(long, part)
                    short.cpu.append(await short_batches())

            await short_batches()
            await batch(client, held_up(), new_journal())
    return short.cpu, long.cpu, peaks
