"""Runs `paycombat customers sync`: against the provider, against a local sandbox, or as a dry run."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from paycombat_async._json.canonical import canonical_json
from paycombat_async._printable import printable
from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.batch.report import BatchReport, Progress
from paycombat_async.batch.rows.file import RowFile
from paycombat_async.batch.rows.row import Row
from paycombat_async.cli.customers_dask import dask_cluster
from paycombat_async.cli.display import progress_shown
from paycombat_async.cli.interrupts import interrupts
from paycombat_async.client import AsyncPayCombat

if TYPE_CHECKING:
    from paycombat_async.batch.run.arguments import Job

_SHOWN_BODIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncJob:
    """The arguments of `customers sync`, with defaults filled in."""

    rows: RowFile
    journal: Path | PostgresJournal | None
    failed: Path
    send_all: bool
    account: str | None
    concurrency: int
    rate: float | None
    sandbox: bool
    base_url: str | None
    proxy: str | None
    timeout: float
    dask: str | None = None
    workers: int | None = None


async def dry_run(job: SyncJob) -> BatchReport:
    """Checks the rows and returns the report. Prints the first three bodies that would be sent."""
    from paycombat_async.batch.run.arguments import Job  # noqa: PLC0415  # imports asyncio
    from paycombat_async.batch.run.job import carry_out  # noqa: PLC0415  # imports sqlite3

    shown = 0

    def show(row: Row) -> None:
        nonlocal shown
        shown += 1
        if shown <= _SHOWN_BODIES:
            click.echo(f"line {row.line}: {printable(canonical_json(row.request).decode(), limit=2000)}")

    return await carry_out(
        None,
        Job(
            job.rows,
            job.journal,
            None,
            job.concurrency,
            None,
            None,
            None,
            dry_run=True,
            send_all=job.send_all,
            account=job.account,
            on_row=show,
        ),
    )


async def carry_out(job: SyncJob) -> BatchReport:
    """Sends the rows and returns the report, even after an interruption by a signal."""
    async with contextlib.AsyncExitStack() as stack:
        if isinstance(job.journal, PostgresJournal):
            stack.push_async_callback(job.journal.aclose)
        if job.dask is not None and isinstance(job.journal, PostgresJournal):
            return await _carry_out_on_dask(job, job.journal, job.dask)
        return await _carry_out(job)


async def _carry_out_on_dask(job: SyncJob, journal: PostgresJournal, address: str) -> BatchReport:
    from paycombat_async.batch.cluster import carry_out_on  # noqa: PLC0415  # imports sqlite3

    with progress_shown(printable(job.rows.name), job.rows.total) as show:
        async with dask_cluster(address, job.workers) as cluster:
            return await _report_of(
                job,
                lambda task: carry_out_on(
                    cluster.client, journal, task, workers=cluster.workers, base_url=job.base_url
                ),
                show,
                rate=None,
            )


async def _carry_out(job: SyncJob) -> BatchReport:
    from paycombat_async.batch.run.job import carry_out as run_job  # noqa: PLC0415  # imports sqlite3

    with progress_shown(printable(job.rows.name), job.rows.total) as show:
        async with _client(job) as client:
            return await _report_of(job, lambda task: run_job(client, task), show, rate=job.rate)


async def _report_of(
    job: SyncJob,
    run: "Callable[[Job], Awaitable[BatchReport]]",
    show: Callable[[Progress], None],
    *,
    rate: float | None,
) -> BatchReport:
    """Runs the job and returns its report, also after a second signal has cancelled the run."""
    from paycombat_async.batch.run.arguments import Job  # noqa: PLC0415  # imports sqlite3

    stop = asyncio.Event()
    reports: list[BatchReport] = []
    task = Job(
        job.rows,
        job.journal,
        job.failed,
        job.concurrency,
        rate,
        show,
        stop,
        dry_run=False,
        send_all=job.send_all,
        account=job.account,
        on_report=reports.append,
    )
    with interrupts(stop):
        try:
            return await run(task)
        except asyncio.CancelledError:
            # After a signal, the report is returned instead of the error. There is no report if the task was cancelled
            # before the run began. If `stop` is not set, no signal has cancelled the task.
            if not reports or not stop.is_set():
                raise
            return reports[-1]


@asynccontextmanager
async def _client(job: SyncJob) -> AsyncGenerator[AsyncPayCombat]:
    connections = max(100, job.concurrency)
    if not job.sandbox:
        async with AsyncPayCombat(
            base_url=job.base_url, timeout=job.timeout, proxy=job.proxy, max_connections=connections
        ) as client:
            yield client
        return
    from paycombat_async.sandbox import Sandbox  # noqa: PLC0415  # imports aiohttp.web, which only the sandbox needs

    async with Sandbox() as sandbox:
        sandbox.add_customers(row.customer_id for row in job.rows if isinstance(row, Row))
        async with AsyncPayCombat(
            token=sandbox.token,
            signature_key=sandbox.signature_key,
            base_url=sandbox.base_url,
            timeout=job.timeout,
            max_connections=connections,
        ) as client:
            yield client
