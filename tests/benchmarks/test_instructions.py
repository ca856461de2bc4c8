"""Instructions are counted: differences of two counts, by whichever counter there is."""

import os
import shutil
import sys
from collections import Counter as Tally

import pytest

from benchmarks import bench_instructions
from benchmarks._callers import BARE, SDK
from benchmarks._counted import CALL, JOBS, main
from benchmarks._instructions import CALLGRIND, PERF, Counter, counters
from benchmarks._server import running_server
from tests.benchmarks.efforts import TINY

LOOP = "import os, sys\nos.getppid()\nfor number in sys.argv[1].split(','):\n    {}\n    os.getppid()"
COUNTING = LOOP.format("for _ in range(int(number)): pass")


def looping(_jobs, numbers) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", COUNTING, ",".join(map(str, numbers))]


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not on this machine")
def test_valgrind_counts_the_operations_and_not_the_start_of_the_process():
    """An empty loop costs some tens of instructions a turn, and as many each time."""
    [figures] = CALLGRIND.count(looping, ["loop"], 20_000, 2).values()

    assert all(1 < figure < 1_000 for figure in figures)
    assert figures[0] == pytest.approx(figures[1], rel=0.01)


def test_perf_counts_the_difference_of_two_processes(tmp_path, monkeypatch):
    """A perf that says a thousand and ten for each operation: the thousand is the start of the process."""
    perf = tmp_path / "perf"
    perf.write_text(
        f"#!{sys.executable}\nimport sys\nprint(f'{{1000 + 10 * int(sys.argv[-1])}},,instructions:u', file=sys.stderr)"
    )
    perf.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    counts = PERF.count(looping, ["a", "b"], 7, 2)

    assert {"a": [10.0, 10.0], "b": [10.0, 10.0]} == counts


@pytest.mark.parametrize("code", [0, 255])
@pytest.mark.parametrize("said", ["<not supported>,,instructions:u,0,100.00,,", ""])
def test_a_perf_that_may_not_count_is_not_used(said, code, tmp_path, monkeypatch):
    """As in most virtual machines."""
    perf = tmp_path / "perf"
    perf.write_text(f"#!{sys.executable}\nimport sys\nprint('{said}', file=sys.stderr)\nsys.exit({code})")
    perf.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert [] == counters()


def test_a_command_that_fails_is_named(tmp_path, monkeypatch):
    """With what it said."""
    perf = tmp_path / "perf"
    perf.write_text(f"#!{sys.executable}\nraise SystemExit('no such event')")
    perf.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(RuntimeError, match="perf ended with 1: no such event"):
        PERF.count(looping, ["loop"], 1, 1)


def test_without_a_counter_nothing_is_counted_and_the_reason_is_said(monkeypatch):
    """The other benchmarks run all the same."""
    monkeypatch.setattr(bench_instructions, "counters", list)

    [table] = bench_instructions.run(TINY)

    assert [] == table.rows
    assert "neither valgrind nor a perf" in table.remarks[0]


def test_calls_are_shown_beside_the_bare_one(monkeypatch):
    """With the counts as they are, and the caveat of the counter."""
    figures = {job: [float(place + 1)] for place, job in enumerate(JOBS)}
    fake = Counter("a counter", "a caveat", lambda *_arguments: figures)
    monkeypatch.setattr(bench_instructions, "counters", lambda: [fake])

    [table] = bench_instructions.run(TINY)

    rows = {row.name: row for row in table.rows}
    assert figures == {name: [row.figure] for name, row in rows.items()}
    assert figures[CALL + SDK][0] / figures[CALL + BARE][0] == rows[CALL + SDK].ratio.median
    assert ["a counter: a caveat"] == table.remarks


def test_each_job_is_prepared_and_carried_out_between_two_marks(monkeypatch):
    """A counter takes what is between the calls of `getppid`."""
    marks: Tally[str] = Tally()
    monkeypatch.setattr(os, "getppid", lambda: marks.update(["mark"]))

    with running_server() as server:
        for job in JOBS:
            main(server.address, "1,2", job)

    assert 3 * len(JOBS) == marks["mark"]
