"""Updates the customers of an input on the workers of a Dask cluster. PostgreSQL holds the rows and their results."""

import asyncio
import concurrent.futures
import os
from contextlib import suppress
from typing import Any, Final, cast

import msgspec

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._printable import printable
from paycombat_async._version import __version__
from paycombat_async.batch.cluster_signals import CANCEL, POLL_S, STOP, Signals, Silence
from paycombat_async.batch.cluster_worker import Order, Share, task_of
from paycombat_async.batch.dask_calls import ask
from paycombat_async.batch.dask_client import DaskClient
from paycombat_async.batch.postgres.job import Part
from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.batch.postgres.status import RunStatus
from paycombat_async.batch.report import BatchReport
from paycombat_async.batch.rows.file import open_rows
from paycombat_async.batch.run.arguments import Job
from paycombat_async.client import AsyncPayCombat
from paycombat_async.errors import ConfigurationError, StoreFailed
from paycombat_async.webhooks.inboxes.holding import finish

_LEFT: Final = "workers that are left stop within a minute"
_SILENT: Final = f"the Dask scheduler has not answered for a minute; {_LEFT}"
_LOST: Final = f"the connection to the Dask scheduler was lost, or the tasks of the run were cancelled; {_LEFT}"
_EMPTY: Final = "the Dask cluster has had no workers for five minutes"
_EMPTY_S: Final = 300.0  # a cluster on Kubernetes or Slurm may need minutes to replace its workers
# Errors of Dask, by the names of their classes, which only Dask itself can import.
_PROBLEMS: Final = {
    "KilledWorker": "a task was lost with its worker too often (Dask's setting distributed.scheduler.allowed-failures)"
}


async def carry_out_on(
    cluster: DaskClient, journal: PostgresJournal, job: Job, *, workers: int, base_url: str | None
) -> BatchReport:
    """Updates the customers of `job.rows` on the workers of a cluster, and returns the report over all workers.

    Raises the same errors as `sync_customers`, and `ConfigurationError` if `workers` is less than 1.
    """
    if workers < 1:
        raise ConfigurationError("workers must be 1 or more")
    rows = await asyncio.to_thread(open_rows, job.rows) if isinstance(job.rows, str | os.PathLike) else job.rows
    async with AsyncPayCombat(base_url=base_url) as client:
        part = _ClusterPart(client, journal, job, cluster=cluster, workers=workers, base_url=base_url)
        return await part.carry_out(rows)


class _ClusterPart(Part):
    """Lets the workers of a cluster send the rows of a run. This process itself sends no rows."""

    def __init__(
        self,
        client: AsyncPayCombat,
        journal: PostgresJournal,
        job: Job,
        *,
        cluster: DaskClient,
        workers: int,
        base_url: str | None,
    ) -> None:
        super().__init__(client, journal, job, None)
        self._cluster = cluster
        self._workers = workers
        self._base_url = base_url
        self._lost = ""  # the message of a problem of the cluster; see `_problem`

    async def work(self, run: int) -> None:
        """Lets the workers carry out the run, and waits until all of them have ended or the scheduler is lost.

        If `stop` is set, tells the workers to finish their calls under way and to stop. If this task is cancelled,
        tells them to cancel these calls, and waits for them, but at most 15 seconds.
        """
        with suppress(StoreFailed):
            self._seen = await self._journal.status()
        name = f"paycombat-{run}-{SYSTEM_CLOCK.random()}"
        signals = Signals(self._cluster, name, SYSTEM_CLOCK)
        futures = [
            self._cluster.submit(task_of(__version__, self._order(run, name)), key=f"{name}-{number}", pure=False)
            for number in range(self._workers)
        ]
        ended = asyncio.create_task(self._take_shares(futures))
        lost = asyncio.create_task(self._until_lost())
        stopping = asyncio.create_task(self._tell_to_stop(signals))
        waiting: set[asyncio.Future[Any]] = {ended, lost}  # Any, because the results differ in type
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await finish(_cancel(signals, waiting))
            raise
        finally:
            for task in (ended, lost, stopping):
                task.cancel()
            await asyncio.wait([*waiting, stopping])
            self._stopped = self._stopped or await finish(self._problem())
            self._misconfigured = self._misconfigured or bool(self._stopped)

    def _order(self, run: int, signals: str) -> Order:
        journal, job = self._journal, self._job
        return Order(
            run=run,
            name=journal.run,
            rate=journal.rate,
            schema=journal.schema,
            account=job.account,
            base_url=self._base_url,
            concurrency=job.concurrency,
            signals=signals,
        )

    async def _take_shares(self, futures: list[object]) -> None:
        await asyncio.gather(*(self._take_share(future) for future in futures))

    async def _take_share(self, future: Any) -> None:  # Any: a future of Dask, which has no types
        """Waits until a task of Dask has ended, and adds its `Share` (the report of one worker) to the result.

        Raises no error of the task or of Dask.
        """
        done, loop = asyncio.Event(), asyncio.get_running_loop()

        def on_done(_: object) -> None:  # Dask calls this function in a thread of its own
            with suppress(RuntimeError):  # the loop was closed, because the run has ended without this task
                loop.call_soon_threadsafe(done.set)

        try:
            future.add_done_callback(on_done)
            await done.wait()
            answer = cast("bytes", await ask(future.result, asynchronous=self._cluster.asynchronous))
            share = msgspec.json.decode(answer, type=Share)
        except concurrent.futures.CancelledError:
            self._lost = self._lost or _LOST
        except Exception as error:  # noqa: BLE001  # Dask may raise any error
            words = _PROBLEMS.get(type(error).__name__, f"{type(error).__name__}: {error}")
            self._lost = self._lost or f"a worker of the cluster failed: {printable(words, limit=300)}"
        else:
            self._stopped = self._stopped or share.stopped
            self._misconfigured = self._misconfigured or share.misconfigured
            self._doubtful += share.doubtful

    async def _until_lost(self) -> None:
        """Waits until the cluster is lost, or until it has no workers after a request to stop the run.

        The cluster is lost if its scheduler has not answered for a minute, or if all workers have been gone for
        `_EMPTY_S` (300) seconds. Before the first worker has started, a cluster without workers is not lost.
        """
        silence, emptiness, has_begun = Silence(SYSTEM_CLOCK), Silence(SYSTEM_CLOCK, _EMPTY_S), False
        while True:
            with suppress(Exception):  # Dask may raise any error
                workers = await ask(self._cluster.nthreads, asynchronous=self._cluster.asynchronous)
                silence.answered()
                if self._stop.is_set() and not workers:
                    return
                has_begun = has_begun or bool(workers)
                if workers or not has_begun:
                    emptiness.answered()
            if silence.is_long or emptiness.is_long:
                self._lost = self._lost or (_SILENT if silence.is_long else _EMPTY)
                return
            await SYSTEM_CLOCK.sleep(POLL_S)

    async def _tell_to_stop(self, signals: Signals) -> None:
        await self._stop.wait()
        await signals.set(STOP)

    async def _problem(self) -> str:
        """Returns the message of a problem of the cluster, or "" if every row was carried out in spite of it."""
        with suppress(StoreFailed):
            if self._lost and (await self._journal.status()).is_over:
                return ""
        return self._lost

    def _own_counts(self) -> RunStatus:
        """Returns the last counts of all machines, for a report while the database fails.

        This process sends no row, so it has no counts of its own.
        """
        return self._seen or super()._own_counts()


async def _cancel(signals: Signals, waiting: "set[asyncio.Future[Any]]") -> None:
    await asyncio.gather(signals.set(STOP), signals.set(CANCEL))
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
