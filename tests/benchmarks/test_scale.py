"""Many calls at once: rate, latency, memory, sockets and fairness, by tasks and by threads."""

import pytest

from benchmarks import bench_scale
from benchmarks._callers import BARE, SDK
from benchmarks._headlines import renew
from benchmarks._load import KINDS, Load, by_tasks, by_threads
from benchmarks._results import Table
from benchmarks._server import running_server
from benchmarks._statistics import share_below
from benchmarks._sync_callers import SDK as BLOCKING
from tests.benchmarks.efforts import TINY

FACTS = {"date": "2026-11-22", "processor": "a processor", "python": "CPython", "libraries": "aiohttp 3.14.5"}


@pytest.mark.parametrize(("share", "longest"), [(0.5, 50.0), (0.9, 90.0), (0.99, 99.0), (1.0, 100.0), (0.001, 1.0)])
def test_the_longest_of_a_share_is_one_of_them(share, longest):
    """Of 1 to 100."""
    assert longest == share_below([float(number) for number in range(1, 101)], share)


def test_each_client_is_measured_at_each_number_at_once(monkeypatch):
    """In this process instead of one of its own; the calls take at least the 50 ms of the server."""
    monkeypatch.setattr(bench_scale, "in_fresh_process", _here)

    [table] = bench_scale.run(TINY)

    rows = {(row.case, row.name): row for row in table.rows}
    assert table.rows[0].case in table.work
    assert all(rows[f"2 at once: {bench_scale.RATE.name}", name].figure > 0 for name in (SDK, BARE))
    assert all(rows[f"2 at once: {one.name}", SDK].figure >= 49.0 for one in bench_scale.LATENCIES)
    assert 0 < rows[f"2 at once: {bench_scale.FAIRNESS.name}", SDK].figure <= 1
    assert rows[f"blocking, 8 threads: {bench_scale.RATE.name}", BLOCKING].figure > 0
    assert {0.0} == {row.figure for row in table.rows if bench_scale.FAILED.name in row.case}


def test_table_of_a_readme_has_a_line_for_each_client_and_number(tmp_path):
    """It is written where its markers are; where no call has ended in time, there are no times."""
    load = Load(
        rate=1234.5,
        cpu_us=151.2,
        latency_ms=[51.0, 52.0, 60.4, 99.0],
        failed=0,
        sockets=130,
        memory_mb=2.25,
        slowest=9,
        fastest=10,
    )
    none = Load(rate=0, cpu_us=9.9, latency_ms=[], failed=0, sockets=9, memory_mb=8, slowest=0, fastest=0)
    rows = bench_scale._rows("1,000 at once", {SDK: [load], BARE: [load], "slow": [none]}, BARE)
    markers = [f"<!-- {slash}{name} -->" for name in ("benchmarks", "scale") for slash in ("", "/")]
    readme = tmp_path / "README.md"
    readme.write_text("\n".join(markers), encoding="utf-8")

    renew(readme, FACTS, [Table("scale", "Title", "meaning", rows)])

    lines = readme.read_text(encoding="utf-8").splitlines()
    begun = lines.index("<!-- scale -->")
    assert f"| 1,000 | {SDK} | 1,234 | 151 | 51 | 60 | 2.2 | 130 | 0.90 |" == lines[begun + 3]
    assert "| 1,000 | slow | 0 | none | none | none | 8.0 | 9 | 0.00 |" == lines[begun + 5]
    assert [True, True] == [row.is_met for row in rows if row.goal]
    assert "<!-- /scale -->" == lines[begun + 6]


def test_a_process_of_its_own_prints_the_load():
    """As it is measured in earnest."""
    with running_server() as server:
        load = bench_scale.measured("tasks", f"{server.address}/later", 2, 0.2, SDK)

    assert isinstance(load, Load)
    assert load.rate > 0


def test_calls_that_fail_are_counted():
    """A port on which nobody listens."""
    load = by_tasks(BARE, "http://127.0.0.1:1", 2, 0.01)

    assert (0.0, [], 0, 0) == (load.rate, load.latency_ms, load.slowest, load.fastest)
    assert load.failed > 0


def test_calls_of_each_thread_are_counted():
    """A server that answers at once: each of three has some."""
    with running_server() as server:
        load = by_threads(BLOCKING, f"{server.address}/clean", 3, 0.05)

    assert 0 < load.slowest <= load.fastest
    assert load.rate > 0


def _here(_program: str, kind: str, name: str, url: str, number: int, seconds: float) -> dict[str, object]:
    load = KINDS[kind](name, url, number, seconds)
    return {field: getattr(load, field) for field in Load.__struct_fields__}
