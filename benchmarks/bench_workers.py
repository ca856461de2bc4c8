"""A batch that several processes carry out together, and what its journal costs: `python -m benchmarks workers`.

PostgreSQL is measured in the database that PAYCOMBAT_DATABASE_URL names, in a schema of its own, dropped afterwards.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from benchmarks._harness import Effort, turns
from benchmarks._peers import installed, left_out, load
from benchmarks._processes import MEMORY_IS_KNOWN, ROOT
from benchmarks._results import Goal, Row, Table
from benchmarks._statistics import paired, spread
from benchmarks._workers import CONCURRENCY, DATABASE, PARTS, SCHEMA, Taken, journal_of
from benchmarks.bench_batch import requests_for
from paycombat_async import canonical_json

_BASE: Final = "no journal, 1 process"
_LOAD: Final = "loading into PostgreSQL"
_PROCESSES: Final = (1, 2, 4)
_WORKERS: Final = 2  # of Dask
_ROUNDS: Final = 13  # of the rounds, one in so many
_ROWS: Final = 5  # of the rows of the long batch, one in so many
_LOADED: Final = 5  # times the rows of the longest batch are loaded, to see what that does to memory
_FLAT: Final = Goal("<=", 1.1)
_WORK: Final = (
    f"the same file of rows of 1.1 kB, {CONCURRENCY} calls at once in each process, and a provider in the process that "
    "answers immediately; a run in PostgreSQL is loaded before the clock starts; processor time is that of the "
    "processes that read or send rows, not of the database; a Dask cluster is started before the clock"
)
_MEMORY_WORK: Final = (
    f"memory of the process after the last of {PARTS} parts of its rows, beside that after the first, in the same run"
)


def run(effort: Effort) -> list[Table]:
    """Rate and processor time with each journal and number of processes, and the memory of loader and worker."""
    table = Table("workers", "A batch in several processes", f"times the rate, or the processor time, of {_BASE}")
    tables, rows = [table], effort.long_batch // _ROWS
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        bench = _Bench(folder)
        has_database = bool(os.environ.get(DATABASE))
        if has_database:
            stack.enter_context(_tables())
        loads: dict[str, list[Taken]] = {name: [] for name in bench.contenders(has_database=has_database)}
        for name in turns(loads, effort.some_rounds(_ROUNDS)):
            loads[name].append(bench.taken(name, rows))
        table.rows += _rows(f"{rows:,} rows", rows, loads, bench.loading)
        if has_database and MEMORY_IS_KNOWN:
            tables.append(_memory(bench, effort))
    table.work[table.rows[0].case] = _WORK
    if not has_database:
        table.remarks.append(f"{DATABASE} is not set, so the rows of PostgreSQL are left out")
    table.remarks += left_out("distributed", extra="dask")
    return tables


class _Bench:
    """Files of rows, and the runs, each with a name of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self.loading: list[Taken] = []

    def contenders(self, *, has_database: bool) -> dict[str, Callable[[int], Taken]]:
        """What carries out that many rows."""
        found: dict[str, Callable[[int], Taken]] = {
            _BASE: partial(self._sync, "none"),
            "SQLite journal, 1 process": partial(self._sync, "file"),
        }
        if has_database:
            for number in _PROCESSES:
                found[f"PostgresJournal, {_processes(number)}"] = partial(self.together, number=number)
            if installed("distributed"):
                found[f"PostgresJournal, {_WORKERS} Dask workers"] = self._dask
        return found

    def taken(self, name: str, rows: int) -> Taken:
        return self.contenders(has_database=True)[name](rows)

    def together(self, rows: int, *, number: int) -> Taken:
        """So many processes carry out a run that has been loaded. Their wall time is that of the slowest."""
        run = self._loaded(rows)
        all_taken = _in_processes([["sync", self.file(rows), "run", run]] * number)
        wall, cpu = max(taken.wall for taken in all_taken), sum(taken.cpu for taken in all_taken)
        return Taken(wall, cpu, all_taken[0].memory)

    def load_many(self, rows: int) -> Taken:
        return _in_processes([["load many", rows, self._name()]])[0]

    def file(self, rows: int) -> Path:
        path = self._folder / f"{rows}.jsonl"
        if not path.exists():
            path.write_bytes(b"".join(canonical_json(request) + b"\n" for request in requests_for(rows)))
        return path

    def _name(self) -> str:
        return f"run {next(self._numbers)}"

    def _loaded(self, rows: int) -> str:
        run = self._name()
        self.loading += _in_processes([["load", self.file(rows), run]])
        return run

    def _sync(self, kind: str, rows: int) -> Taken:
        return _in_processes([["sync", self.file(rows), kind, ""]])[0]

    def _dask(self, rows: int) -> Taken:
        run = self._loaded(rows)
        return _in_processes([["dask", self.file(rows), run, _WORKERS]])[0]


def _processes(number: int) -> str:
    return "1 process" if number == 1 else f"{number} processes"


def _in_processes(commands: Sequence[Sequence[object]]) -> list[Taken]:
    """Runs jobs of `benchmarks._workers`, each in a process of its own, all from the same moment on."""
    with ExitStack() as stack:
        started: list[subprocess.Popen[bytes]] = []
        for command in commands:
            words = [sys.executable, "-m", "benchmarks._workers", *map(str, command)]
            process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            started.append(stack.enter_context(process))
            stack.callback(process.kill)
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()
        for process in started:
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
        return [msgspec.json.decode(process.communicate()[0].splitlines()[-1], type=Taken) for process in started]


@contextmanager
def _tables() -> Generator[None]:
    """Empty tables of runs, which are gone afterwards."""

    async def migrate() -> None:
        journal = journal_of("tables")
        await journal.migrate()
        await journal.aclose()

    _drop()  # a benchmark that was killed leaves its runs behind
    asyncio.run(migrate())
    try:
        yield
    finally:
        _drop()


def _drop() -> None:
    with load("psycopg").connect(os.environ[DATABASE], autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def _rows(case: str, rows: int, loads: dict[str, list[Taken]], loading: list[Taken]) -> list[Row]:
    base = loads[_BASE]
    found = [
        Row(
            f"{case}: rows per second",
            name,
            spread([rows / taken.wall for taken in all_taken]).median,
            "rows/s",
            paired([one.wall for one in base], [taken.wall for taken in all_taken]),
            _BASE,
            more_is_better=True,
        )
        for name, all_taken in loads.items()
    ]
    named = {**loads, **({_LOAD: loading[: len(base)]} if loading else {})}
    for name, all_taken in named.items():
        each = [taken.cpu / rows for taken in all_taken]
        ratio = paired(each, [taken.cpu / rows for taken in base])
        found.append(Row(f"{case}: processor time per row", name, spread(each).median * 1e6, "µs", ratio, _BASE))
    return found


def _memory(bench: _Bench, effort: Effort) -> Table:
    """What the number of rows does to the memory of a process that loads a run, and of one that carries it out."""
    table = Table("workers", "A batch in several processes: memory", "times the memory after the first part")
    loaded, sent = effort.longest_batch * _LOADED, max(PARTS, effort.longest_batch // _ROWS)
    for case, taken in (
        (f"load {loaded:,} rows", bench.load_many(loaded)),
        (f"carry out {sent:,} rows", bench.together(sent, number=1)),
    ):
        first, last = taken.memory[0], taken.memory[-1]
        part = f"after a share of 1/{PARTS}"
        table.rows.append(Row(case, part, first, "MB"))
        table.rows.append(Row(case, "after all", last, "MB", spread([last / first]), part, _FLAT))
    table.work[table.rows[0].case] = _MEMORY_WORK
    return table
