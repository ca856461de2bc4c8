"""Workers and schedulers of a Dask cluster are killed: every row is carried out, few twice, and failures listed once.

After the death of a scheduler, the run is continued by the same call on a new cluster.
"""

import asyncio
import os
import random
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest

from paycombat_async.batch import BatchReport, sync_customers_on
from paycombat_async.batch.postgres.recorder import COMMIT_RESULTS
from paycombat_async.cli.customers_dask import dask_cluster
from tests.batch.postgres.runs import counts, postgres_journals
from tests.batch.postgres.worker import CONCURRENCY, REFUSED
from tests.chaos.soak import LIMIT_S, SEED, SOAK
from tests.conftest import SIGNATURE_KEY, TOKEN
from tests.postgres_server import PostgresServer, execute
from tests.processes import PATIENCE_S, Process

pytest.importorskip("psycopg", reason="psycopg is not installed")
pytest.importorskip("distributed", reason="distributed is not installed")
pytestmark = [pytest.mark.timeout(LIMIT_S if SOAK else 300), pytest.mark.promise("P16")]

URL = "https://provider.test"
WORKERS = 2
# Whom each kill hits. Dask repeats a task three times (distributed.scheduler.allowed-failures), and each scheduler's
# life has as many kills of workers.
KILLS = (["worker"] * 3 + ["scheduler"]) * 6 if SOAK else ["worker", "scheduler"]
ROWS = 200_000 if SOAK else 4_000
RESTART_AFTER = len(KILLS) // 2 if SOAK else -1  # the kill after which the database is restarted
# What the death of a process may lose: the results of the last commit and of the time in which it was written, and the
# calls under way. With a scheduler, all workers die.
LOST_PER_DEATH = 2 * COMMIT_RESULTS + CONCURRENCY
DEATHS = sum(WORKERS if kill == "scheduler" else 1 for kill in KILLS)


class Killer:
    """Kills as the plan says, each time when another share of the rows has been sent."""

    def __init__(self, log: Path, server: PostgresServer, schema: str) -> None:
        self._log, self._server, self._schema = log, server, schema
        size = sum(len(f"c{number}\n") for number in range(ROWS))
        chance = random.Random(SEED)
        points = sorted(chance.uniform(0.02, 0.95) * size for _ in KILLS)
        self._plan = list(zip(points, KILLS, range(len(KILLS)), strict=True))

    async def kill(self, cluster: Process) -> None:
        """Returns after the death of the scheduler, or when nothing is left of the plan."""
        while self._plan:
            point, kind, number = self._plan.pop(0)
            while self._log.stat().st_size < point:  # noqa: ASYNC110  # other processes write to the file
                await asyncio.sleep(0.02)
            if kind == "worker":
                await self._kill_worker(cluster)
            else:
                cluster.kill()
                await self._end_leases("%")
            if number == RESTART_AFTER:
                await asyncio.to_thread(self._server.restart)
            if kind == "scheduler":
                return

    async def _kill_worker(self, cluster: Process) -> None:
        cluster.say("\n")
        said = "sending\n"
        while said == "sending\n":  # each worker says so when it begins
            said = await asyncio.to_thread(cluster.line, 5 * PATIENCE_S)
        await self._end_leases(f"% {said.removeprefix('killed ').strip()} %")

    async def _end_leases(self, owner: str) -> None:
        """As if 15 seconds had passed, for which the short form does not wait."""
        if not SOAK:
            over = f"UPDATE {self._schema}.batch_chunk SET leased_until = '-infinity' WHERE owner LIKE '{owner}'"
            await execute(self._server.dsn, over)


@pytest.fixture(name="rows")
def _rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAYCOMBAT_TOKEN", TOKEN)
    monkeypatch.setenv("PAYCOMBAT_SIGNATURE_KEY", SIGNATURE_KEY)
    path = tmp_path / "in.csv"
    path.write_text("customer_id,description\n" + "".join(f"c{number},x\n" for number in range(ROWS)))
    (tmp_path / "log").touch()
    return path


async def test_rows_of_killed_workers_and_schedulers_are_carried_out(
    postgres_server: PostgresServer, rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The call on a new cluster continues the run, and its report is that of the whole run."""
    log, failed = rows.with_name("log"), rows.with_name("failed.csv")
    url = f"postgresql://tests@/postgres?host={quote(str(postgres_server.folder), '')}"
    env = {
        **os.environ,
        "PAYCOMBAT_DATABASE_URL": url,
        "LOG": str(log),
        "DASK_DISTRIBUTED__WORKER__PRELOAD": "tests.batch.postgres.dask_preload",
    }
    ended = list[BatchReport]()
    async with postgres_journals(postgres_server.dsn) as make:
        killer = Killer(log, postgres_server, make().schema)
        while not ended or ended[-1].stopped:
            program = (sys.executable, "-m", "tests.batch.postgres.dask_cluster", WORKERS, f"{SEED}-{len(ended)}")
            with Process(*program, env=env) as cluster:
                address = (await asyncio.to_thread(cluster.line, 2 * PATIENCE_S)).strip()
                async with dask_cluster(address, WORKERS) as dask:
                    killing = asyncio.create_task(killer.kill(cluster))
                    report = await sync_customers_on(
                        dask.client,
                        rows,
                        journal=make(),
                        workers=WORKERS,
                        failed=failed,
                        concurrency=CONCURRENCY,
                        base_url=URL,
                    )
                    await killing
                    ended.append(report)

    sent = Counter(log.read_text().split())
    again = sum(sent.values()) - ROWS
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(KILLS)} kills, {DEATHS} deaths of workers: {again} of {ROWS} rows sent again,"
            f" {max(sent.values())} times at most; the bound is {DEATHS * LOST_PER_DEATH}; {len(ended)} calls\n"
        )
    assert ROWS == len(sent)
    assert (ROWS - 1, 0, 1, 0, 0) == counts(ended[-1])
    assert [REFUSED] == [failure.customer_id for failure in ended[-1].failures]
    assert 1 == failed.read_text().count(f"{REFUSED},")
    assert [2] * KILLS.count("scheduler") + [1] == [report.exit_code for report in ended]
    assert again <= DEATHS * LOST_PER_DEATH
