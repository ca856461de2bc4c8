"""`sync_customers` updates many customers concurrently; `sync_customers_on` uses the workers of a Dask cluster."""

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

    `rows` is the path of a CSV or JSONL file, the result of `open_rows(path, …)`, or an iterable of `UpdateCustomer`,
    which may be asynchronous. Rows are read shortly before they are sent: at first one or two rows per concurrent call,
    later as many rows as are sent in a fifth of a second. At most six rows per concurrent call are read ahead, or 96
    rows in total if that is more. A row that is invalid or refused is reported, and the run continues with the other
    rows. A row that contains nothing to change is not sent.

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
    Setting `stop` ends the run early: calls under way are finished, and the other rows stay pending for the next run. A
    cancelled run records its calls under way as unknown and closes its journal.

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
    # `Job` and `carry_out` are imported here, because their modules import asyncio and sqlite3. At the top of this
    # file, these imports would make up a third of the time that importing the package takes.
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

    `cluster` is a `distributed.Client`. This process reads the rows and copies them into the database. Then `workers`
    tasks of the cluster carry the rows out. Each task makes a client and takes rows until none is left, with up to
    `concurrency` concurrent calls. The workers and this process take the credentials (`PAYCOMBAT_TOKEN`,
    `PAYCOMBAT_SIGNATURE_KEY`) from their environment. The workers also take the URL of the database from their
    environment (`PAYCOMBAT_DATABASE_URL`). Tasks contain neither the credentials nor the URL. If a worker is lost,
    other workers take over its rows. Dask may also repeat the task of that worker, which then takes rows that have no
    result yet.

    The other arguments are those of `sync_customers`. If `stop` is set, all workers finish their calls under way and
    stop. If this call is cancelled, they cancel these calls, whose rows then count as unknown. Before anything is sent,
    raises `ConfigurationError` if the input is unreadable or invalid as a whole, if the run belongs to another account,
    or if other machines work on a run of the same name with another input. Raises `StoreFailed` if the database fails
    at the start.

    `BatchReport.stopped` says why rows are left if a worker cannot take part or fails too often, if the connection to
    the scheduler is lost, if the scheduler does not answer for a minute, or if no workers are left for five minutes.
    Workers that have lost the scheduler stop within a minute. After that, the same call continues the run, on the same
    or a different cluster.
    """
    from paycombat_async.batch.cluster import carry_out_on  # noqa: PLC0415  # imports asyncio and sqlite3
    from paycombat_async.batch.run.arguments import Job  # noqa: PLC0415  # for the same reason

    job = Job(
        rows, journal, failed, concurrency, None, on_progress, stop, dry_run=False, send_all=send_all, account=account
    )
    return await carry_out_on(cluster, journal, job, workers=workers, base_url=base_url)
