"""Updates the customers of an input on the workers of a Dask cluster. PostgreSQL holds the rows and their results."""

import asyncio
import importlib
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, cast

from msgspec import Struct

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._printable import printable
from paycombat_async._version import __version__
from paycombat_async.batch.dask_client import DaskClient
from paycombat_async.batch.postgres.job import Part, limiter_of
from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.batch.report import BatchReport
from paycombat_async.batch.rows.file import open_rows
from paycombat_async.batch.run.arguments import Job
from paycombat_async.client import AsyncPayCombat
from paycombat_async.errors import ConfigurationError, PayCombatError
from paycombat_async.webhooks.inboxes.holding import finish

DATABASE: Final = "PAYCOMBAT_DATABASE_URL"
_POLL_S: Final = 1.0  # seconds between two checks of a worker whether it must stop


class Order(Struct, frozen=True, kw_only=True):
    """What each worker of the cluster is told about the run. The worker takes the credentials from its environment.

    `version` is the version of paycombat that began the run. `run` is the number of the run in the database, `name` is
    its name. `stop` is the name of the Dask event that stops the run.
    """

    version: str
    run: int
    name: str
    rate: float | None
    schema: str
    account: str | None
    base_url: str | None
    concurrency: int
    stop: str


class Share(Struct, frozen=True):
    """What a worker returns when it has ended. `stopped` is the message of the problem that stopped it, or "".

    `misconfigured` is true if the problem is a setting, the credentials, the database or the worker itself. `doubtful`
    is the number of rows that may have been carried out and have no result.
    """

    stopped: str = ""
    misconfigured: bool = False
    doubtful: int = 0


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

    async def work(self, run: int) -> None:
        """Lets the workers carry out the run, and waits until all of them have ended.

        If `stop` is set, or if this task is cancelled, tells the workers to stop before it waits for them.
        """
        name = f"paycombat-{run}-{SYSTEM_CLOCK.random()}"
        order = self._order(run, name)
        event = importlib.import_module("distributed").Event(name, client=self._cluster)
        futures = [
            self._cluster.submit(take_part, order, key=f"{name}-{number}", pure=False)
            for number in range(self._workers)
        ]
        ending = asyncio.gather(*(self._share(future) for future in futures))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            either: set[asyncio.Future[Any]] = {ending, stopping}  # Any: the two results have different types
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not ending.done():
                await finish(self._call(event.set))
            self._add(await finish(_all(ending)))

    def _order(self, run: int, stop: str) -> Order:
        journal, job = self._journal, self._job
        return Order(
            version=__version__,
            run=run,
            name=journal.run,
            rate=journal.rate,
            schema=journal.schema,
            account=job.account,
            base_url=self._base_url,
            concurrency=job.concurrency,
            stop=stop,
        )

    async def _share(self, future: Any) -> Share:  # Any: a future of Dask, which has no types
        """Waits until a worker has ended, and returns its result. Raises no error of the worker or of Dask.

        If the worker fails or is lost, or if the scheduler fails, `Share.stopped` contains the error.
        """
        try:
            return cast("Share", await self._call(future.result))
        except PayCombatError as error:
            return Share(f"a worker cannot take part: {error}", misconfigured=True)
        except Exception as error:  # noqa: BLE001  # Dask may raise any error
            words = printable(f"{type(error).__name__}: {error}", limit=300)
            return Share(f"a worker of the cluster failed ({words})", misconfigured=True)

    async def _call(self, method: Callable[[], Any]) -> object:  # an asynchronous Dask client's methods are coroutines
        if self._cluster.asynchronous:
            return await cast("Awaitable[object]", method())
        return await asyncio.to_thread(method)

    def _add(self, shares: list[Share]) -> None:
        for share in shares:
            self._stopped = self._stopped or share.stopped
            self._misconfigured = self._misconfigured or share.misconfigured
            self._doubtful += share.doubtful


async def _all(ending: "asyncio.Future[list[Share]]") -> list[Share]:
    return await ending


def take_part(order: Order) -> Share:
    """Sends rows of the run from this worker, until no row is left or the run is stopped.

    Raises `StoreFailed` if the database fails at the start, and `ConfigurationError` if

    - this worker has another version of paycombat than the process that began the run;
    - the environment of this worker has no URL of the database, or no credentials; or
    - the credentials belong to another account than the run.
    """
    if order.version != __version__:
        raise ConfigurationError(
            f"it has paycombat {__version__}, and the run was begun with {order.version}; install the same version"
        )
    if not os.environ.get(DATABASE):
        raise ConfigurationError(f"its environment has no {DATABASE}")
    event = importlib.import_module("distributed").Event(order.stop)
    return asyncio.run(_take_part(order, event.is_set))


async def _take_part(order: Order, is_stopped: Callable[[], bool]) -> Share:
    # The URL is not assigned to a variable, because a traceback that shows variables would show the URL's password.
    journal = PostgresJournal(os.environ[DATABASE], order.name, order.rate, order.schema)
    stop = asyncio.Event()
    job = Job(
        (), journal, None, order.concurrency, None, None, stop, dry_run=False, send_all=False, account=order.account
    )
    limiter = limiter_of(journal, job)
    relay = asyncio.create_task(_relay(is_stopped, stop))
    try:
        async with AsyncPayCombat(base_url=order.base_url, max_connections=max(100, order.concurrency)) as client:
            part = Part(client, journal, job, limiter)
            await part.check(order.run)
            await part.work(order.run)
            return Share(*part.end)
    finally:
        relay.cancel()
        for store in (limiter, journal):
            if store is not None:
                await store.aclose()


async def _relay(is_stopped: Callable[[], bool], stop: asyncio.Event) -> None:
    while not stop.is_set():
        with suppress(Exception):  # if Dask's scheduler does not answer, the worker goes on and asks again
            if await asyncio.to_thread(is_stopped):
                stop.set()
        await SYSTEM_CLOCK.sleep(_POLL_S)
