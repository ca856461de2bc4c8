"""`paycombat customers sync --journal postgresql://…` on several machines, and `paycombat customers status|forget`."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from paycombat_async.sandbox import Sandbox
from tests.cli.command import run, run_here, start
from tests.postgres_server import PostgresServer, new_schema

pytest.importorskip("psycopg", reason="psycopg is not installed")
ROWS = 900


@pytest.fixture(name="sandbox")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(name="rows")
def _rows(tmp_path: Path, sandbox: Sandbox) -> Path:
    """A file of rows, of which one has no customer at the provider."""
    path = tmp_path / "in.csv"
    path.write_text("customer_id,description\n" + "".join(f"c{n},x\n" for n in range(ROWS)))
    sandbox.add_customers(f"c{n}" for n in range(ROWS - 1))
    return path


def url_of(server: PostgresServer) -> str:
    return f"postgresql://tests@/postgres?host={quote(str(server.folder), '')}"


def test_two_machines_and_the_status(
    rows: Path, sandbox: Sandbox, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """Both report the whole run, and each leaves a failures file; status and forget need no credentials."""
    url, schema = url_of(postgres_server), new_schema()
    database = {"PAYCOMBAT_DATABASE_URL": url}
    options = ("--schema", schema, "--rate", 2000)
    unmade = run_here("customers", "sync", rows, "--journal", url, *options, sandbox=sandbox)
    run_here("db", "migrate", url, "--schema", schema)
    none = run_here("customers", "status", "--journal", url, "--schema", schema)

    machines = [
        start("customers", "sync", rows, *how, *options, "--failed", tmp_path / f"{name}.csv", sandbox=sandbox, **more)
        for name, how, more in (
            ("one", ("--journal", url), {}),
            ("other", ("--run", "in.csv"), database),
        )
    ]
    ended = [machine.end() for machine in machines]
    status = run_here("customers", "status", "--schema", schema, **database)
    unknown = run_here("customers", "status", "--run", "nothing", "--schema", schema, **database)
    forgotten = [run_here("customers", "forget", "--run", "in.csv", "--schema", schema, **database) for _ in range(2)]

    assert 2 == unmade.returncode
    assert "the journal in PostgreSQL has no tables yet; run `paycombat db migrate` once" in unmade.stderr
    assert (0, "There are no runs in this database.\n") == (none.returncode, none.stdout)
    assert [1, 1] == [machine.returncode for machine in ended]
    assert all(f"{ROWS} rows in in.csv" in machine.stdout for machine in ended)
    assert all("1 failed" in machine.stdout for machine in ended)
    assert [(tmp_path / "one.csv").read_text()] == [(tmp_path / "other.csv").read_text()]
    assert f"c{ROWS - 1},x" in (tmp_path / "one.csv").read_text()
    assert f"in.csv: {ROWS} rows, finished\n         {ROWS - 1} updated\n           1 failed\n" == status.stdout
    assert (2, "Error: there is no run 'nothing' in this database\n") == (unknown.returncode, unknown.stderr)
    assert [0, 2] == [ended.returncode for ended in forgotten]
    assert f"in.csv: {ROWS} rows are deleted.\n" == forgotten[0].stdout
    assert "Error: there is no run 'in.csv' in this database\n" == forgotten[1].stderr


def test_workers_of_a_cluster_on_this_machine(rows: Path, sandbox: Sandbox, postgres_server: PostgresServer) -> None:
    """The command copies the rows, two worker processes carry them out, and the report is that of the run."""
    pytest.importorskip("distributed", reason="distributed is not installed")
    url, schema = url_of(postgres_server), new_schema()
    run_here("db", "migrate", url, "--schema", schema)

    ended = run(
        *("customers", "sync", rows, "--journal", url, "--schema", schema, "--dask", "local", "--workers", 2),
        sandbox=sandbox,
    )

    assert 1 == ended.returncode, ended.stderr
    assert f"{ROWS - 1} updated" in ended.stdout
    assert f"line {ROWS + 1}, c{ROWS - 1}: " in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in.csv", "--run", "x", "--journal", "in.journal"], "--run names a run in PostgreSQL"),
        (["in.csv", "--dask", "local"], "--dask needs a run in PostgreSQL"),
        (["in.csv", "--dask", "local", "--dry-run"], "--dask and --dry-run exclude each other"),
        (
            ["in.csv", "--journal", "postgresql://u:secret@127.0.0.1:1/d", "--dask", "tcp://127.0.0.1:1"],
            "there is no Dask scheduler at tcp://127.0.0.1:1, or it does not answer in time",
        ),
        (["in.csv", "--run", "x"], "URL is missing: name it, or set PAYCOMBAT_DATABASE_URL"),
        (["in.csv", "--run", "x", "--no-journal"], "--run and --no-journal exclude each other"),
        (["-", "--journal", "postgresql://u:secret@127.0.0.1:1/d"], "standard input: give --run"),
        (["in.csv", "--journal", "postgresql://u:secret@127.0.0.1:1/d"], "cannot be reached: nothing listens"),
        (["in.csv", "--journal", "postgresql://u:secret@127.0.0.1:1/d", "--run", " "], "the name of a run must be 1"),
    ],
    ids=["file", "dask", "dry dask", "no scheduler", "no url", "no journal", "standard input", "unreachable", "name"],
)
def test_what_cannot_be_used_is_one_sentence(
    arguments: list[str], said: str, rows: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    """With exit code 2, and without the password."""
    soon = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}  # as users set it; Dask's own default is 30 s
    ended = run("customers", "sync", *arguments, sandbox=sandbox, cwd=tmp_path, **soon)

    assert (2, "") == (ended.returncode, ended.stdout)
    assert said in ended.stderr
    assert 1 == ended.stderr.count("\n")
    assert "secret" not in ended.stderr
    assert ["in.csv"] == [path.name for path in tmp_path.iterdir()]
