"""`paycombat customers sync --dask ADDRESS` on a cluster in other processes: interrupts, and a scheduler that dies."""

import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from paycombat_async.cli.customers_dask import dask_cluster
from paycombat_async.sandbox import Sandbox
from tests.cli.command import environment, run, start
from tests.cli.test_sync import CREDENTIALS, bad_server
from tests.postgres_server import PostgresServer, execute, new_schema
from tests.processes import PATIENCE_S, Process

pytest.importorskip("psycopg", reason="psycopg is not installed")
pytest.importorskip("distributed", reason="distributed is not installed")
pytestmark = pytest.mark.timeout(300)

LOST = (
    "Stopped: the connection to the Dask scheduler was lost, or the tasks of the run were cancelled; workers that are"
    " left stop within a minute.\nRun the same command again to send the rest (it continues where it was).\n"
)


async def test_two_interrupts_the_death_of_the_scheduler_and_the_next_run(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """All on one cluster, which takes seconds to start. What a person sees is what a run without Dask shows."""
    (tmp_path / "in.csv").write_text("customer_id,type\nc1,company\nc2,company\nc3,company\n", encoding="utf-8")
    url, schema = f"postgresql://tests@/postgres?host={quote(str(postgres_server.folder), '')}", new_schema()
    run("db", "migrate", url, "--schema", schema)
    command = ("customers", "sync", tmp_path / "in.csv", "--journal", url, "--schema", schema)
    program = (sys.executable, "-m", "tests.batch.postgres.dask_cluster", 1, 1)
    variables = environment(PAYCOMBAT_DATABASE_URL=url, **CREDENTIALS)
    with bad_server(closes=False) as (base_url, arrived), Process(*program, env=variables) as cluster:
        on_dask = (*command, "--dask", cluster.line().strip(), "--base-url", base_url, "--concurrency", 2)
        with start(*on_dask, **CREDENTIALS) as interrupted:
            _wait_for_calls(arrived, 2)
            interrupted.signal(signal.SIGINT)
            said = interrupted.complaint()
            interrupted.signal(signal.SIGINT)
            stopped = interrupted.end()
        with start(*on_dask, **CREDENTIALS) as abandoned:
            _wait_for_calls(arrived, 2)
            cluster.kill()
            lost = abandoned.end()
    await execute(postgres_server.dsn, f"UPDATE {schema}.batch_chunk SET leased_until = '-infinity'")  # 15 s later
    with Sandbox() as sandbox:
        sandbox.add_customers(["c1", "c2", "c3"])
        resumed = run(*command, sandbox=sandbox)

    assert said.startswith("Stopping: calls under way are finished first (Ctrl-C again to cancel them)")
    assert 130 == stopped.returncode
    assert "        2 unknown" in stopped.stdout
    assert "        1 not sent yet" in stopped.stdout
    assert "Interrupted.\nRun the same command again to send the rest (it continues where it was).\n" == stopped.stderr
    assert (2, LOST) == (lost.returncode, lost.stderr)
    assert "        3 not sent yet" in lost.stdout
    assert 0 == resumed.returncode
    assert "        3 updated" in resumed.stdout


async def test_workers_of_this_machine_need_no_port_of_their_own(tmp_path: Path) -> None:
    """Dask's own choice is port 8787. Its warning that another program has this port is an error in the tests."""
    dask = pytest.importorskip("dask")  # in this process, it has read the environment already
    with socket.socket() as other, dask.config.set({"temporary-directory": str(tmp_path)}):
        with suppress(OSError):  # another program has it already
            other.bind(("127.0.0.1", 8787))
            other.listen()
        async with dask_cluster("local", 1) as cluster:
            assert 1 == cluster.workers


def _wait_for_calls(arrived: threading.Semaphore, number: int) -> None:
    for _ in range(number):
        assert arrived.acquire(timeout=PATIENCE_S)
