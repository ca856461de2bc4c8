"""What one machine does in a run of many machines: joins the run, sends free rows, waits for the other machines."""

import asyncio
import os
import socket
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._engine.observed import ObservedClient
from paycombat_async._protocol.messages import Attempt
from paycombat_async.batch.failures_file import FailuresFile
from paycombat_async.batch.journal.binding import Binding, other_account
from paycombat_async.batch.postgres.chunk_statements import BOUND
from paycombat_async.batch.postgres.claims import Claims
from paycombat_async.batch.postgres.failures import list_failures, open_failures_file
from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.batch.postgres.load import Loader
from paycombat_async.batch.postgres.outage import OutlastingLimiter, outlast
from paycombat_async.batch.postgres.recorder import ClaimReader, ClaimRecorder
from paycombat_async.batch.postgres.status import RunStatus
from paycombat_async.batch.report import BatchReport, Tally
from paycombat_async.batch.rows.file import RowFile
from paycombat_async.batch.rows.reader import GivenRows
from paycombat_async.batch.run.arguments import Job
from paycombat_async.batch.run.call_rate import CallRate, limit_rate
from paycombat_async.batch.run.run import Run
from paycombat_async.batch.run.throttle import Throttle
from paycombat_async.client import AsyncPayCombat
from paycombat_async.errors import ConfigurationError, StoreFailed
from paycombat_async.limiters.postgres import PostgresLimiter
from paycombat_async.webhooks.inboxes.holding import finish

_POLL_S: Final = 0.5  # seconds between two checks whether a chunk is free
_PROGRESS_S: Final = 1.0  # seconds between two reports of progress


async def carry_out_together(
    client: AsyncPayCombat, journal: PostgresJournal, rows: GivenRows, job: Job
) -> BatchReport:
    """Carries out the run together with other machines, and returns the report over all machines.

    Before anything is sent, raises `StoreFailed` if the database fails, and `ConfigurationError` if

    - the input is no longer readable;
    - the run belongs to another account;
    - other machines still work on another input of this run after 30 seconds;
    - `job` and `journal` have different rates (requests per second); or
    - the failures file cannot be written.
    """
    limiter = limiter_of(journal, job)
    try:
        part = Part(client, journal, job, limiter)
        return await part.carry_out(rows)
    finally:
        if limiter is not None:
            await finish(limiter.aclose())


def limiter_of(journal: PostgresJournal, job: Job) -> PostgresLimiter | None:
    """Returns the limiter that holds the machines of a run together to one rate (requests per second).

    Returns None if neither `journal` nor `job` has a rate. Raises `ConfigurationError` if they have different rates.
    """
    if journal.rate is not None and job.rate not in {None, journal.rate}:
        raise ConfigurationError("the rate of the call and the rate of its journal differ; give one of them")
    rate = journal.rate if job.rate is None else job.rate
    return None if rate is None else journal.limiter(rate)


class Part:
    """What this process does in a run that several processes carry out together: join it, send rows, and report."""

    def __init__(
        self, client: AsyncPayCombat, journal: PostgresJournal, job: Job, limiter: PostgresLimiter | None
    ) -> None:
        self._journal, self._job = journal, job
        self._client: ObservedClient = client.observed(self._on_failed)
        # The client may have a clock that does not show real time, for example in a test. Leases end by the clock of
        # the database, which shows real time, so this process uses the clock of the system.
        self._clock = SYSTEM_CLOCK
        lasting = None if limiter is None else OutlastingLimiter(limiter, self._clock)
        self._rate: CallRate | None = limit_rate(self._client, lasting)
        self._tally = Tally(None)
        self._throttle = self._new_throttle()
        self._stop = job.stop or asyncio.Event()
        self._begun = self._clock.monotonic()
        self._stopped = ""
        self._misconfigured = False
        self._doubtful = 0
        self._error_of_callback: Exception | None = None
        self._seen: RunStatus | None = None  # the last counts over all machines

    async def carry_out(self, rows: GivenRows) -> BatchReport:
        """Joins the run, carries out chunks until all are done or `stop` is set, and returns the report.

        An error of the callback `on_progress` is raised after the end of the run.
        """
        source = rows if isinstance(rows, RowFile) else None
        fingerprint = "" if source is None else await asyncio.to_thread(source.content_digest)
        loader = Loader(self._journal, self._binding(), self._clock, send_all=self._job.send_all)
        run = await self._unless_stopped(loader.join(rows, fingerprint))
        if run is None:
            report = self._report_of(self._own_counts(), None)
            self._job.on_report(report)
            return report
        failures = None
        if self._job.failed is not None:
            failures = await open_failures_file(self._journal.tables, run, Path(self._job.failed), source)
        watching = asyncio.create_task(self._watch())
        try:
            await self.work(run)
        finally:
            watching.cancel()
            report = await finish(self._report(run, failures))
            self._job.on_report(report)
        if self._error_of_callback is not None:
            raise self._error_of_callback
        return report

    # Any is the type of what a coroutine yields to its event loop.
    async def _unless_stopped(self, joining: Coroutine[Any, Any, int]) -> int | None:
        """Runs `joining`, a call of `Loader.join`, and returns its result, the number of the run.

        If `stop` is set first, cancels the loading, so that the database discards the loaded rows, and returns None.
        """
        loading, stopping = asyncio.create_task(joining), asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({loading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            is_joined = loading.done()
            loading.cancel()
            stopping.cancel()
            await asyncio.wait({loading, stopping})
        return loading.result() if is_joined else None

    async def check(self, run: int) -> None:
        """Raises `ConfigurationError` if the run with this number belongs to another account than the client's.

        Also raises it if the database has no run with this number and name, because this process is connected to a
        different database than the process that began the run.
        """
        found = await self._journal.tables.execute(BOUND, {"run": run, "name": self._journal.run})
        if not found:
            raise ConfigurationError(f"its database does not have the run {self._journal.run} that was begun")
        ((address, account, name),) = found
        bound = Binding(source="", address=address, account=account, name=name)
        if reason := other_account(bound, self._binding(), "check the credentials"):
            raise ConfigurationError(f"the run {self._journal.run} belongs to {reason}")

    @property
    def end(self) -> tuple[str, bool, int]:
        """How `work` ended: `stopped`, `misconfigured` and `doubtful`, in this order.

        `stopped` is the message of the problem that stopped `work`, or "". `misconfigured` is true if the problem is a
        setting, the credentials or the database. `doubtful` is the number of rows that may have been carried out and
        have no result.
        """
        return self._stopped, self._misconfigured, self._doubtful

    async def work(self, run: int) -> None:
        """Sends the rows of free chunks (groups of rows that no machine has), one chunk after another.

        The work ends when all chunks of the run are done, when `stop` is set, or when a problem stops the run.
        """
        owner = f"{socket.gethostname()} {os.getpid()} {self._clock.random()}"
        while True:
            claims = Claims(self._journal.tables, run, owner, self._clock)
            self._throttle = self._new_throttle()
            recorder = ClaimRecorder(claims, self._tally, self._throttle, self._clock)
            round_ = Run(self._client, recorder, self._throttle, None, self._stop)
            try:
                report = await round_.execute(ClaimReader(claims, self._clock), lambda _: None)
            finally:
                self._doubtful = recorder.doubtful
            self._stopped, self._misconfigured = report.stopped, report.misconfigured
            if self._stopped or self._stop.is_set() or not await self._wait_for_free_chunk():
                return

    async def _wait_for_free_chunk(self) -> bool:
        """Waits until a chunk is free, because a machine gave the chunk back or its lease is over, and returns True.

        Returns False if all chunks are done, if `stop` is set, or if the database fails for a minute.
        """
        while not self._stop.is_set():
            try:
                status = await outlast(self._journal.status, self._clock)
            except StoreFailed as error:
                self._stopped, self._misconfigured = str(error), True
                return False
            if status.is_over or status.free:
                return not status.is_over
            await self._clock.sleep(_POLL_S)
        return False

    async def _watch(self) -> None:
        """Calls `on_progress` every second with the counts of all machines, except while the database fails.

        If `on_progress` raises an error, calls it no more and keeps the error, to raise it at the end of the run.
        """
        while self._job.on_progress is not None and self._error_of_callback is None:
            try:
                status = self._seen = await self._journal.status()
                self._job.on_progress(status.progress(self._clock.monotonic() - self._begun))
            except StoreFailed:
                pass  # no progress is reported now; if the database fails for a minute, the run stops
            except Exception as error:  # noqa: BLE001  # an error of the callback is raised when the run is over
                self._error_of_callback = error
            await self._clock.sleep(_PROGRESS_S)

    async def _report(self, run: int, failures: FailuresFile | None) -> BatchReport:
        """Returns the report over all machines, or over this process if the database fails.

        Rows whose call was cancelled in this process count as unknown.
        """
        where, status = None, None
        try:
            status = await self._journal.status()
            where = await list_failures(self._journal.tables, run, failures, self._tally)
        except (ConfigurationError, StoreFailed) as error:
            self._stopped = self._stopped or str(error)
            self._misconfigured = self._misconfigured or isinstance(error, StoreFailed)
        return self._report_of(status or self._own_counts(), where)

    def _report_of(self, status: RunStatus, where: Path | None) -> BatchReport:
        progress = status.progress(self._clock.monotonic() - self._begun)
        if self._job.on_progress is not None and self._error_of_callback is None:
            self._job.on_progress(progress)
        doubtful = min(self._doubtful, status.pending)
        return BatchReport(
            rows=status.rows,
            updated=status.updated,
            unchanged=status.unchanged,
            failed=status.failed,
            unknown=status.unknown + doubtful,
            pending=status.pending - doubtful,
            retried=status.retried,
            throttled=status.throttled,
            damaged=status.damaged,
            elapsed=progress.elapsed,
            failures=tuple(self._tally.failures),
            warnings=tuple(self._tally.warnings),
            failures_file=where,
            stopped=self._stopped,
            misconfigured=self._misconfigured,
            interrupted=self._stop.is_set(),
        )

    def _own_counts(self) -> RunStatus:
        """Returns the counts of this process, for a report while the database fails."""
        tally = self._tally
        return RunStatus(
            run=self._journal.run,
            rows=tally.rows,
            updated=tally.updated,
            unchanged=0,
            failed=0,
            unknown=0,
            retried=tally.retried,
            throttled=tally.throttled,
            damaged=0,
            machines=1,
            chunks=1,
            free=0,
        )

    def _on_failed(self, attempt: Attempt) -> None:
        if attempt.status == 429:
            self._tally.throttled += 1
            self._throttle.throttled(attempt)

    def _new_throttle(self) -> Throttle:
        workers = min(self._job.concurrency, self._client.max_connections)
        return Throttle(workers, self._rate, self._client.clock)

    def _binding(self) -> Binding:
        client = self._client
        account = client.account_digest("paycombat journal")
        return Binding(source="", address=client.base_url, account=account, name=self._job.account or "")
