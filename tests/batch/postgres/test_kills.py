"""Machines of one run are killed: every row is carried out, few are sent twice, failures are listed once."""

import asyncio
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

from paycombat_async.batch.postgres.recorder import COMMIT_RESULTS
from tests.batch.postgres.runs import postgres_journals
from tests.batch.postgres.worker import CONCURRENCY, REFUSED
from tests.chaos.soak import LIMIT_S, SEED, SOAK
from tests.postgres_server import PostgresServer, execute
from tests.processes import Process

pytest.importorskip("psycopg", reason="psycopg is not installed")
pytestmark = pytest.mark.timeout(LIMIT_S if SOAK else 120)

ROWS, KILLS = (200_000, 20) if SOAK else (6_000, 2)
# What a kill may lose: the results of the last commit and of the time in which it was written, and the calls under way.
LOST_PER_KILL = 2 * COMMIT_RESULTS + CONCURRENCY


async def test_rows_of_killed_machines_are_taken_over(
    postgres_server: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two machines, one of which is killed and started again, at random moments; in the long form with a restart."""
    chance, log = random.Random(SEED), tmp_path / "log"
    async with postgres_journals(postgres_server.dsn) as make:
        schema = make().schema
        arguments = ("-m", "tests.batch.postgres.worker", postgres_server.dsn, schema, ROWS, log)
        machines = [Process(sys.executable, *arguments) for _ in range(2)]
        for kill in range(KILLS):
            victim = machines[kill % 2]
            assert "sending\n" == await asyncio.to_thread(victim.line)
            await asyncio.sleep(chance.uniform(0.1, 0.6 if not SOAK else 6.0))
            victim.kill()
            if not SOAK:  # as if 15 seconds had passed, for which the short form does not wait
                over = f"UPDATE {schema}.batch_chunk SET leased_until = '-infinity' WHERE owner LIKE '% {victim.pid} %'"
                await execute(postgres_server.dsn, over)
            if kill == KILLS // 2 and SOAK:
                await asyncio.to_thread(postgres_server.restart)  # the other machine is at work
            machines[kill % 2] = Process(sys.executable, *arguments)
        limit = LIMIT_S / 2 if SOAK else 60
        said = [(await asyncio.to_thread(machine.end, "", limit)).stdout.splitlines() for machine in machines]

    sent = Counter(log.read_text().split())
    again = sum(sent.values()) - ROWS
    with capsys.disabled():
        sys.stdout.write(f"\n{KILLS} kills: {again} of {ROWS} rows sent again\n")
    assert ROWS == len(sent)
    reports = {lines[-1] for lines in said}
    whole, next_pass = f"{ROWS - 1} 0 1 0 0 ['{REFUSED}']", f"0 {ROWS - 1} 1 0 0 ['{REFUSED}']"
    # A machine that starts after the other one is done begins the next pass, which sends nothing but the failed row.
    assert {whole} <= reports <= {whole, next_pass}
    assert again <= KILLS * LOST_PER_KILL
