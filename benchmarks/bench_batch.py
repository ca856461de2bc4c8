"""Many customers at once, against a bare loop of the same calls: `python -m benchmarks batch`."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import Final

import msgspec

from benchmarks._data import KEY, REQUESTS, TOKEN, USUAL
from benchmarks._harness import Effort, Samples, measure_async
from benchmarks._results import Goal, Row, Table, times_as_fast
from benchmarks._server import running_server
from paycombat_async import AsyncPayCombat, UpdateCustomer
from paycombat_async.batch.runner import sync_customers

_ROOT: Final = Path(__file__).parents[1]
_BASE: Final = "bare loop of customers.update"
_JOURNAL: Final = "sync_customers with journal"
_GOALS: Final = {_JOURNAL: Goal(">=", 0.8)}
_CONCURRENCY: Final = 64
_ROUNDS_OF_ROWS_FOR_MEMORY: Final = 10
_STATUS: Final = Path("/proc/self/status")  # only Linux has it; elsewhere memory is not measured

Action = Callable[[int], Awaitable[None]]


def run(effort: Effort) -> list[Table]:
    """The rate with and without a journal, and how much a long run's memory grows."""
    table = Table("batch", "Update many customers", f"times the rate of the {_BASE}")
    with running_server() as address, tempfile.TemporaryDirectory() as folder:
        base_url = f"{address}/clean"
        samples = asyncio.run(_compare(base_url, Path(folder), effort))
        memory = _memory(base_url, effort.rows * _ROUNDS_OF_ROWS_FOR_MEMORY) if _STATUS.exists() else []
    case = f"{effort.rows} rows, {_CONCURRENCY} at once"
    table.rows += times_as_fast(f"{case}: time per row", samples, base=_BASE, goals=_GOALS, of=attrgetter("wall"))
    table.rows += times_as_fast(f"{case}: processor time per row", samples, base=_BASE)
    table.rows += memory
    table.remarks.append(f"each round has a new journal in {tempfile.gettempdir()}, forced to disk as a real run does")
    return [table]


async def _compare(base_url: str, folder: Path, effort: Effort) -> dict[str, Samples]:
    numbers = count()

    def journal() -> Path:
        return folder / f"{next(numbers)}.journal"

    async with _client(base_url) as client:
        contenders: dict[str, Action] = {
            _BASE: lambda rows: _bare(client, rows),
            "sync_customers without journal": lambda rows: _batch(client, rows, None),
            _JOURNAL: lambda rows: _batch(client, rows, journal()),
        }
        return await measure_async(contenders, max(3, effort.rounds // 2), effort.rows)


def _client(base_url: str) -> AsyncPayCombat:
    return AsyncPayCombat(token=TOKEN, signature_key=KEY, base_url=base_url)


def _requests(rows: int) -> Iterator[UpdateCustomer]:
    request = REQUESTS[USUAL]
    return (msgspec.structs.replace(request, customer_id=f"customer_{number:032x}") for number in range(rows))


async def _bare(client: AsyncPayCombat, rows: int) -> None:
    requests = _requests(rows)

    async def work() -> None:
        for request in requests:
            await client.customers.update(request)

    async with asyncio.TaskGroup() as group:
        for _ in range(_CONCURRENCY):
            group.create_task(work())


async def _batch(client: AsyncPayCombat, rows: int, journal: Path | None) -> None:
    report = await sync_customers(client, _requests(rows), journal=journal, concurrency=_CONCURRENCY)
    assert report.updated == rows, report


def _memory(base_url: str, rows: int) -> list[Row]:
    """In a fresh process: what a run needs at most, and by how much that exceeds a run of a twentieth of the rows."""
    program = [sys.executable, "-m", "benchmarks.bench_batch", base_url, str(rows)]
    done = subprocess.run(program, cwd=_ROOT, capture_output=True, check=True)
    peak, growth = (float(figure) for figure in done.stdout.split())
    case = f"memory, {rows} rows after {rows // 20}"
    return [Row(case, "peak of the process", peak, "MB"), Row(case, "growth of the peak", growth, "MB")]


async def _peak_and_growth(base_url: str, rows: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with _client(base_url) as client:
            await _batch(client, max(1, rows // 20), Path(folder) / "first.journal")
            before = _peak_kilobytes()
            await _batch(client, rows, Path(folder) / "second.journal")
    peak = _peak_kilobytes()
    return peak / 1024, (peak - before) / 1024


def _peak_kilobytes() -> int:
    """The most memory this process ever held. `getrusage` would say that of the process it was started from."""
    status = _STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


if __name__ == "__main__":
    print(*asyncio.run(_peak_and_growth(sys.argv[1], int(sys.argv[2]))))
