"""A batch job: checks its settings, opens its files, runs it and returns the report."""

import asyncio
import os
from pathlib import Path

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._engine.observed import ObservedClient
from paycombat_async._protocol.messages import Attempt
from paycombat_async.batch.failures_file import FailuresFile
from paycombat_async.batch.journal.binding import Binding
from paycombat_async.batch.journal.file import source_name
from paycombat_async.batch.journal.journal import Journal, open_journal, temporary_journal
from paycombat_async.batch.journal.preview import JournalPreview, preview_journal
from paycombat_async.batch.postgres.job import carry_out_together
from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.batch.report import BatchReport, Tally
from paycombat_async.batch.rows.file import RowFile, open_rows
from paycombat_async.batch.rows.iterables import reader_of
from paycombat_async.batch.run.arguments import Job
from paycombat_async.batch.run.call_rate import limit_rate
from paycombat_async.batch.run.dry_run import DryRun
from paycombat_async.batch.run.recorder import RunRecorder
from paycombat_async.batch.run.run import Run
from paycombat_async.batch.run.throttle import Throttle
from paycombat_async.client import AsyncPayCombat
from paycombat_async.errors import ConfigurationError
from paycombat_async.limiters.local import LocalLimiter

_COUNTED = ("rows", "updated", "unchanged", "failed", "unknown", "pending", "retried", "throttled")
# Journals store this text as the name of an input without a path. The text must never be changed: journals that contain
# the old text would refuse new runs.
_NO_FILE = "rows that are no file"


async def carry_out(client: AsyncPayCombat | None, job: Job) -> BatchReport:
    """Updates the customers of `job.rows`, or only checks the rows in a dry run, and returns the report.

    Before anything is sent, raises `ConfigurationError` if the input or a setting is invalid, if a file cannot be
    opened, or if `client` is None and the job is not a dry run. Raises `StoreFailed` if the database of the journal
    fails.
    """
    rows = await asyncio.to_thread(open_rows, job.rows) if isinstance(job.rows, str | os.PathLike) else job.rows
    source = rows if isinstance(rows, RowFile) else None
    tally = Tally(None if source is None else source.total)
    if job.dry_run:
        dry_run = DryRun(tally, await asyncio.to_thread(_preview, client, source, job), job.on_row)
        return await dry_run.execute(reader_of(rows), SYSTEM_CLOCK, job.on_progress)
    if client is None:
        raise ConfigurationError("only a dry run can be done without a client")
    if isinstance(job.journal, PostgresJournal):
        return await carry_out_together(client, job.journal, rows, job)

    def on_failed(attempt: Attempt) -> None:
        if attempt.status == 429:
            tally.throttled += 1
            throttle.throttled(attempt)

    observed = client.observed(on_failed)
    local = None if job.rate is None else LocalLimiter(job.rate, clock=observed.clock)
    # If more calls ran than there are connections, some calls could time out while they wait for a connection.
    workers = min(job.concurrency, observed.max_connections)
    throttle = Throttle(workers, limit_rate(observed, local), observed.clock)
    journal, failures = await asyncio.to_thread(_open_files, observed, source, job)
    run = Run(observed, RunRecorder(journal, failures, tally), throttle, job.on_progress, job.stop or asyncio.Event())
    with observed.traced("customers.sync") as trace:

        def on_report(report: BatchReport) -> None:
            if trace is not None:
                trace.count({name: getattr(report, name) for name in _COUNTED}, is_stopped=bool(report.stopped))
            job.on_report(report)

        return await run.execute(reader_of(rows), on_report)


def _open_files(client: ObservedClient, source: RowFile | None, job: Job) -> tuple[Journal, FailuresFile | None]:
    if job.journal is None or isinstance(job.journal, PostgresJournal):
        return temporary_journal(), _open_failures(source, job, "")
    where = Path(job.journal)
    journal = open_journal(where, _binding(client, source, where, job), send_all=job.send_all)
    try:
        return journal, _open_failures(source, job, journal.failures_left)
    except BaseException:
        journal.close([], journal.failures_left)
        raise


def _open_failures(source: RowFile | None, job: Job, left: str) -> FailuresFile | None:
    return None if job.failed is None else FailuresFile(Path(job.failed), source, left=left)


def _binding(client: ObservedClient | None, source: RowFile | None, journal: Path, job: Job) -> Binding:
    path = None if source is None else source.path
    return Binding(
        source=_NO_FILE if path is None else source_name(path, journal),
        address="" if client is None else client.base_url,
        account="" if client is None else client.account_digest("paycombat journal"),
        name=job.account or "",
    )


def _preview(client: AsyncPayCombat | None, source: RowFile | None, job: Job) -> JournalPreview | None:
    """Returns an object that says which rows the journal records as done, so that a run would skip them.

    Returns None if the run has no journal file, if that file does not exist, or if the run would send all rows. Checks
    that the journal belongs to the client's address and account only if there is a client.
    """
    if job.journal is None or isinstance(job.journal, PostgresJournal) or job.send_all:
        return None
    where = Path(job.journal)
    observed = None if client is None else client.observed(lambda _: None)
    return preview_journal(where, _binding(observed, source, where, job))
