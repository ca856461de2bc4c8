"""A batch in several processes: each journal is measured, and the memory of loader and worker."""

import asyncio

import pytest

from benchmarks import bench_workers
from benchmarks._workers import DATABASE, JOBS, SCHEMA, Taken, Watch
from benchmarks.bench_workers import run
from tests.benchmarks.efforts import TINY
from tests.postgres_server import PostgresServer

ONE = "PostgresJournal, 1 process"


def test_without_a_database_the_other_journals_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """In processes of their own; a remark says what is left out."""
    monkeypatch.delenv(DATABASE, raising=False)

    [table] = run(TINY)

    assert {"no journal, 1 process", "SQLite journal, 1 process"} == {row.name for row in table.rows}
    assert all(row.figure > 0 for row in table.rows)
    assert table.rows[0].case in table.work
    assert any(remark.startswith(f"{DATABASE} is not set") for remark in table.remarks)


def test_runs_in_postgres_are_loaded_and_carried_out(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process instead of others; the tables are gone afterwards."""
    psycopg = pytest.importorskip("psycopg")
    monkeypatch.setenv(DATABASE, postgres_server.dsn)
    monkeypatch.setattr(bench_workers, "_PROCESSES", (1,))
    monkeypatch.setattr(bench_workers, "installed", lambda *_: [])
    monkeypatch.setattr(bench_workers, "_in_processes", _here)

    rates, memory = run(TINY)

    with psycopg.connect(postgres_server.dsn) as connection:
        left = connection.execute("SELECT FROM pg_namespace WHERE nspname = %s", [SCHEMA]).rowcount
    assert ["no journal, 1 process", "SQLite journal, 1 process", ONE] == [row.name for row in rates.rows[:3]]
    assert {"rows/s", "µs"} == {row.unit for row in rates.rows if row.name == ONE}
    assert ["load 320 rows", "carry out 12 rows"] == [row.case for row in memory.rows if row.goal]
    assert all(row.figure > 0 for row in (*rates.rows, *memory.rows))
    assert 0 == left


def _here(commands: list[list[object]]) -> list[Taken]:
    return [asyncio.run(JOBS[str(job)](*map(str, words))) for job, *words in commands]


def test_memory_is_looked_at_after_each_part_of_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each, however often the progress is reported."""
    monkeypatch.setattr("benchmarks._workers.MEMORY_IS_KNOWN", True)
    monkeypatch.setattr("benchmarks._workers.resident_mb", iter(range(1, 100)).__next__)
    watch = Watch(50)
    for rows in range(51):
        watch.see(rows)

    assert [1, 2, 3, 4, 5] == watch.taken().memory
