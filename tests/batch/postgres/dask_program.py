"""Carries out a run on a Dask cluster of two worker processes: DSN SCHEMA ROWS [KILL]. Prints the report.

The workers get the environment of this process, and what WITHOUT in it names is taken out of theirs. With KILL, a
worker is killed as soon as rows are carried out.
"""

import asyncio
import os
import signal
import sys

from paycombat_async.batch import PostgresJournal, Progress, sync_customers_on
from paycombat_async.cli.customers_dask import LOCAL, dask_cluster
from tests.batch.postgres.runs import counts, updates
from tests.postgres_server import execute


async def end_leases(dsn: str, schema: str, pid: int) -> None:
    """Ends the leases of a killed process now instead of after 15 seconds."""
    over = f"UPDATE {schema}.batch_chunk SET leased_until = '-infinity' WHERE owner LIKE '% {pid} %'"
    await execute(dsn, over)


async def main(dsn: str, schema: str, rows: str, kill: str = "") -> None:
    without = os.environ.pop("WITHOUT", "")
    hidden = {without: os.environ.pop(without)} if without else {}
    journal = PostgresJournal(dsn, "run", schema=schema, rate=400 if kill else None)
    async with dask_cluster(LOCAL, 2) as (client, workers):
        os.environ.update(hidden)
        pids = await client.run(os.getpid)
        victims = list(pids.values())[:1] if kill else []
        ending = list[asyncio.Future[None]]()

        def on_progress(progress: Progress) -> None:
            if progress.updated and victims:
                os.kill(victims[0], signal.SIGKILL)
                ending.append(asyncio.ensure_future(end_leases(dsn, schema, victims.pop())))

        report = await sync_customers_on(
            client, updates(int(rows)), journal=journal, workers=workers, on_progress=on_progress, concurrency=8
        )
    await journal.aclose()
    print(counts(report), report.exit_code, report.stopped)  # noqa: T201  # read by the test


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
