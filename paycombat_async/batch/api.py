"""`sync_customers` updates many customers concurrently; `sync_customers_on` does so on a cluster."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from paycombat_async.batch.dask_client import DaskClient
from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.batch.report import BatchReport, Progress
from paycombat_async.batch.rows.file import FilePath
from paycombat_async.batch.rows.reader import Rows
from paycombat_async.client import AsyncPayCombat

if TYPE_CHECKING:
    import asyncio


async def sync_customers(
    client: AsyncPayCombat | None,
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
    stop: "asyncio.Event | None" = None,
) -> BatchReport:
    """Updates the customers of a file or an iterable concurrently, and returns a report that counts every row.

    `rows` is the path of a CSV or JSONL file, `open_rows(path, …)`, or an iterable of `UpdateCustomer`. Rows are read
    shortly before they are sent: at first one or two per concurrent call, later the rows of the next fifth of a second,
    and never more than six per concurrent call (or 96, if that is more). A row that is invalid or refused is reported,
    and the run continues with the other rows. A row that contains nothing to change is not sent. `failed` is the path
    of a file for the rows that failed, with the reasons. If a file at that path may hold corrections, that file is
    kept, and `BatchReport.failures_file` is another path.

    With a `journal` file, a run that was killed or stopped can be resumed by the same call, and rows carried out before
    are skipped while their content in the input is the same, whatever has changed at the provider; `send_all` sends
    them again. Results are committed every quarter of a second, and at the latest after 300 rows: a resumed run sends
    again at most about 300 rows that were carried out, and those under way when the run was killed. A journal belongs
    to one account at one address: that of the client's token or, if `account` is given, the one of that name, whose
    token may be replaced.

    With a `PostgresJournal`, machines that pass the same rows carry them out together, and the report, its failures and
    `on_progress` count all machines; a call returns when no row is left. Calls whose rows differ are refused while
    machines work on the run; later, they send what has changed. A dry run does not read such a journal.

    At most `concurrency` calls run at the same time, never more than the client's `max_connections`, and fewer while
    the provider answers 429. `rate` is the highest number of requests per second, retries included. With `dry_run`
    nothing is sent or written, and `client` may be None; rows that the journal records as done count as unchanged.
    Setting `stop` ends the run early: calls under way are finished, and the other rows stay pending for the next run. A
    cancelled run records its calls under way as unknown and closes its journal.

    Raises `ConfigurationError` before anything is sent if the input is unreadable or invalid as a whole, if the journal
    cannot be opened, is in use by another run, or belongs to another account or input, if the folder of `failed` cannot
    be written, or if `concurrency` or `rate` is out of range. Raises `StoreFailed` if the database of a
    `PostgresJournal` fails at the start. A problem that stops the run later, such as a database that fails for a
    minute, is in `BatchReport.stopped`.
    """
    # This module imports asyncio and sqlite3, which would be a third of the package's import time.
    from paycombat_async.batch.run.arguments import Job  # noqa: PLC0415  # for the reason above
    from paycombat_async.batch.run.job import carry_out  # noqa: PLC0415  # for the reason above

    job = Job(
        rows,
        journal,
        failed,
        concurrency,
        rate,
        on_progress,
        stop,
        dry_run=dry_run,
        send_all=send_all,
        account=account,
    )
    return await carry_out(client, job)


async def sync_customers_on(
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
    stop: "asyncio.Event | None" = None,
) -> BatchReport:
    """Updates the customers on the workers of a Dask cluster, and returns the report of the whole run.

    `cluster` is a `distributed.Client`. This process reads the rows and copies them into the database. Each of
    `workers` tasks then makes a client, and takes rows until none is left, with up to `concurrency` concurrent calls.
    The workers and this process take the credentials (`PAYCOMBAT_TOKEN`, `PAYCOMBAT_SIGNATURE_KEY`) from their
    environment, and the workers the URL of the database, too (`PAYCOMBAT_DATABASE_URL`). None of them is part of a
    task. If a worker is lost, others take its rows over, and Dask may repeat its task, which is harmless.

    The other arguments are those of `sync_customers`. Setting `stop`, or cancelling this call, stops all workers: they
    finish their calls under way. Raises `ConfigurationError` or `StoreFailed` before anything is sent if the input or
    the run cannot be used. A worker that fails is named in `BatchReport.stopped`.
    """
    from paycombat_async.batch.cluster import carry_out_on  # noqa: PLC0415  # imports asyncio and sqlite3
    from paycombat_async.batch.run.arguments import Job  # noqa: PLC0415  # for the same reason

    job = Job(
        rows, journal, failed, concurrency, None, on_progress, stop, dry_run=False, send_all=send_all, account=account
    )
    return await carry_out_on(cluster, journal, job, workers=workers, base_url=base_url)
