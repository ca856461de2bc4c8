"""Batch updates of customers for blocking code: `sync_customers`, `sync_customers_on` and `forget_run`."""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from paycombat_async import batch
from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async.batch import (
    BadRow,
    BatchReport,
    Failure,
    PostgresJournal,
    Progress,
    Row,
    RowFile,
    RunStatus,
    open_rows,
)
from paycombat_async.batch.dask_client import DaskClient
from paycombat_async.batch.rows.file import FilePath
from paycombat_async.batch.rows.reader import SLOW_S, RowIterator, RowReader, check_rows
from paycombat_async.batch.rows.row import Given
from paycombat_async.errors import ConfigurationError
from paycombat_sync._caller_thread import CallerThread
from paycombat_sync._runner import Runner
from paycombat_sync.client import PayCombat

__all__ = [
    "BadRow",
    "BatchReport",
    "Failure",
    "PostgresJournal",
    "Progress",
    "Row",
    "RowFile",
    "RunStatus",
    "forget_run",
    "open_rows",
    "sync_customers",
    "sync_customers_on",
]

Rows: TypeAlias = str | os.PathLike[str] | RowFile | Iterable[Given]

_STOP_S: Final = 0.05  # seconds between two checks of `stop`, because a `threading.Event` cannot wake an event loop


def sync_customers(
    client: PayCombat | None,
    rows: Rows,
    *,
    journal: FilePath | PostgresJournal | None = None,
    failed: FilePath | None = None,
    concurrency: int = 64,
    rate: float | None = None,
    dry_run: bool = False,
    send_all: bool = False,
    account: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> BatchReport:
    """Updates the customers of a file or an iterable concurrently, and returns a report that counts every row.

    `rows` is the path of a CSV or JSONL file, the result of `open_rows(path, …)`, or an iterable of `UpdateCustomer`.
    Rows are read shortly before they are sent: at first one or two rows per concurrent call, later as many rows as are
    sent in a fifth of a second. At most six rows per concurrent call are read ahead, or 96 rows in total if that is
    more. A row that is invalid or refused is reported, and the run continues with the other rows. A row that contains
    nothing to change is not sent.

    `failed` is the path of a file to which the failed rows are written, with the reasons. If a user may have edited the
    file that is already at that path, that file is kept. In this case the failed rows are written to a different path,
    which `BatchReport.failures_file` names.

    If `journal` is the path of a file, a run that was killed or stopped can be resumed by the same call. Rows that an
    earlier run carried out are skipped if their content in the input is still the same, even if the customers have
    changed at the provider. With `send_all`, these rows are sent again. Results are written to the journal every
    quarter of a second, and at the latest after 300 results. So a resumed run repeats at most about 300 calls that were
    carried out, and the calls that were under way when the run was killed. A journal belongs to one account at one base
    URL. The account is identified by its token or, if `account` is given, by that name. With a name, the token may be
    replaced.

    With a `PostgresJournal`, machines that pass the same rows carry them out together. In such a run, the report, its
    failures and `on_progress` count the rows of all machines, and this function returns when no machine has a row left.
    If the rows passed differ from those of the run, this function waits until no machine works on the run, and raises
    `ConfigurationError` if a machine still works after 30 seconds. It then sends those of the passed rows that the run
    has not carried out with the same content before. A dry run does not read a `PostgresJournal`.

    At most `concurrency` calls run at the same time, never more than the client's `max_connections`, and fewer while
    the provider answers 429. `rate` is the highest number of requests per second, retries included. With `dry_run`
    nothing is sent or written, `client` may be None, and rows that the journal records as done count as unchanged.

    Setting `stop` ends the run early: calls under way are finished, and the other rows stay pending for the next run.
    Any thread or signal handler may set it. Ctrl-C cancels the calls under way, records them as unknown and closes the
    journal. An iterable is read, and `on_progress` is called, in the thread that calls this function. Therefore the
    iterable and `on_progress` may use the client.

    Before anything is sent, raises `StoreFailed` if the database of a `PostgresJournal` fails, and `ConfigurationError`
    if

    - the input is unreadable or invalid as a whole;
    - the journal cannot be opened, is in use by another run, or belongs to another account or input;
    - the folder of `failed` cannot be written;
    - `concurrency` or `rate` is out of range; or
    - `rate` differs from the rate of the `PostgresJournal`.

    If a problem stops the run later, such as a database that fails for a minute, `BatchReport.stopped` is the message
    of that problem.
    """
    caller: CallerThread[BatchReport] = CallerThread()
    async_client = None if client is None else client._async  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # private, but of this SDK
    given = rows if isinstance(rows, str | os.PathLike | RowFile) else _CallersRows(rows, caller)

    async def job() -> BatchReport:
        stopping = asyncio.Event()
        relay = asyncio.create_task(_relay(stop, stopping))
        try:
            return await batch.sync_customers(
                async_client,
                given,
                journal=journal,
                failed=failed,
                concurrency=concurrency,
                rate=rate,
                dry_run=dry_run,
                send_all=send_all,
                account=account,
                on_progress=None if on_progress is None else caller.notify_caller(on_progress),
                stop=stopping,
            )
        finally:
            relay.cancel()

    if client is not None:
        return caller.run(client._runner, job)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # private, but of this SDK
    runner = Runner()
    try:
        return caller.run(runner, job)
    finally:
        runner.close()


def sync_customers_on(
    cluster: DaskClient,
    rows: Rows,
    *,
    journal: PostgresJournal,
    workers: int,
    failed: FilePath | None = None,
    concurrency: int = 64,
    account: str | None = None,
    base_url: str | None = None,
    send_all: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> BatchReport:
    """Updates the customers on the workers of a Dask cluster, and returns the report of the whole run.

    `cluster` is a `distributed.Client`. This process reads the rows and copies them into the database. Then `workers`
    tasks of the cluster carry the rows out. Each task makes a client and takes rows until none is left, with up to
    `concurrency` concurrent calls. The workers and this process take the credentials (`PAYCOMBAT_TOKEN`,
    `PAYCOMBAT_SIGNATURE_KEY`) from their environment. The workers also take the URL of the database from their
    environment (`PAYCOMBAT_DATABASE_URL`). Tasks contain neither the credentials nor the URL. If a worker is lost,
    other workers take over its rows. Dask may also repeat the task of that worker, which then takes rows that have no
    result yet.

    The other arguments are those of `sync_customers`. If `stop` is set, which any thread may do, all workers finish
    their calls under way and stop. After Ctrl-C, they cancel these calls.

    Before anything is sent, raises `StoreFailed` if the database fails, and `ConfigurationError` if

    - the input is unreadable or invalid as a whole;
    - the run belongs to another account;
    - other machines work on a run of the same name with another input; or
    - `cluster` is an asynchronous client.

    `BatchReport.stopped` says why rows are left if

    - a worker cannot take part or fails too often;
    - the connection to the scheduler is lost;
    - the scheduler does not answer for a minute; or
    - no workers are left for five minutes.

    Workers that have lost the scheduler stop within a minute. After that, the same call continues the run, on the same
    or a different cluster.
    """
    if cluster.asynchronous:
        raise ConfigurationError("blocking code needs a blocking client of Dask, not one with asynchronous=True")
    caller: CallerThread[BatchReport] = CallerThread()
    given = rows if isinstance(rows, str | os.PathLike | RowFile) else _CallersRows(rows, caller)

    async def job() -> BatchReport:
        stopping = asyncio.Event()
        relay = asyncio.create_task(_relay(stop, stopping))
        try:
            return await batch.sync_customers_on(
                cluster,
                given,
                journal=journal,
                workers=workers,
                failed=failed,
                concurrency=concurrency,
                account=account,
                base_url=base_url,
                send_all=send_all,
                on_progress=None if on_progress is None else caller.notify_caller(on_progress),
                stop=stopping,
            )
        finally:
            relay.cancel()

    runner = Runner()
    try:
        return caller.run(runner, job)
    finally:
        runner.close()


def forget_run(journal: PostgresJournal, *, unfinished: bool = False) -> int:
    """Deletes the run of the journal from the database, with its rows and its rate, and returns how many rows it had.

    A later call of `sync_customers` with the same rows is then a new run, which sends all of them. Returns 0 if there
    is no such run. Rows are deleted in small steps, and an interrupted call is completed by the next call for any run
    of this schema. Call this after all machines have ended. Raises `ConfigurationError` if a machine works on the run
    or loads rows into it, or if rows are pending and `unfinished` is false.
    """
    runner = Runner()
    try:
        return runner.run(journal.forget, unfinished=unfinished)
    finally:
        runner.close()


async def _relay(stop: threading.Event | None, stopping: asyncio.Event) -> None:
    while stop is not None and not stop.is_set():
        await SYSTEM_CLOCK.sleep(_STOP_S)
    if stop is not None:
        stopping.set()


class _CallersRows(RowReader):
    """Reads an iterable of rows in the thread that has called `sync_customers`.

    While the next row is awaited, the rows that are already read can be taken.
    """

    def __init__(self, rows: Iterable[Given], caller: CallerThread[BatchReport]) -> None:
        check_rows(rows)
        self._rows = RowIterator(rows)
        self._caller = caller
        self._taken: deque[Row | BadRow] = deque()
        self._reading: asyncio.Future[int] | None = None
        self._error: BaseException | None = None

    async def take(self, most: int) -> list[Row | BadRow]:
        is_over = False
        while self._error is None and not is_over:
            reading = self._reading = self._reading or self._start(most)
            await asyncio.wait([reading], timeout=SLOW_S)
            if reading.done():
                self._reading, self._error = None, reading.exception()
                is_over = self._error is None and not reading.result()
            if taken := [self._taken.popleft() for _ in range(len(self._taken))]:
                return taken
        if self._error is not None:
            raise self._error
        return []

    def _start(self, most: int) -> asyncio.Future[int]:
        reading = asyncio.ensure_future(self._caller.run_in_caller(lambda: self._read(most)))
        # The run may end before this future is done. In that case asyncio would log the future's exception as one that
        # no code has read. Therefore this callback reads it.
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())
        return reading

    def _read(self, most: int) -> int:
        """Reads at most `most` rows in the caller's thread. Returns how many it read: 0 at the end of the input."""
        count = 0
        for count, row in enumerate(self._rows.next_rows(most), 1):  # noqa: B007  # `count` is used after the loop
            self._taken.append(row)
        return count
