"""`sync_customers`: updates many customers concurrently."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from paycombat_async.batch.report import BatchReport, Progress
from paycombat_async.batch.rows.file import FilePath, Rows
from paycombat_async.client import AsyncPayCombat

if TYPE_CHECKING:
    import asyncio


async def sync_customers(
    client: AsyncPayCombat | None,
    rows: Rows,
    *,
    journal: FilePath | None = None,
    failed: FilePath | None = None,
    concurrency: int = 64,
    rate: float | None = None,
    dry_run: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    stop: "asyncio.Event | None" = None,
) -> BatchReport:
    """Update the customers of a file or an iterable concurrently, and return a report that accounts for every row.

    `rows` is the path of a CSV or JSONL file, `open_rows(path, …)`, or an iterable of `UpdateCustomer`; it is read as
    the calls proceed and never held in memory as a whole. A row that is invalid or refused is reported, and the others
    continue. With a `journal` file, a run that was killed or stopped can be resumed by the same call, and rows carried
    out before are skipped while their content is the same; delete the journal to send them again. `failed` is the path
    of a file for the rows that failed, with the reasons.

    At most `concurrency` calls run at once, never more than the client's `max_connections`, and fewer while the
    provider answers 429; `rate` is the highest number of calls per second. With `dry_run` nothing is sent or written,
    no journal is read, and `client` may be None. Setting `stop` ends the run early: calls under way are finished, the
    other rows stay pending for the next run. A cancelled run closes its journal properly, too.

    Raises `ConfigurationError` before anything is sent if the file, the journal or a setting cannot be used; a problem
    that stops the run later is in `BatchReport.stopped`.
    """
    # Imports asyncio and sqlite3, which would be a third of the package's import time.
    from paycombat_async.batch.run.job import Job, carry_out  # noqa: PLC0415  # for the reason above

    job = Job(rows, journal, failed, concurrency, rate, on_progress, stop, dry_run=dry_run)
    return await carry_out(client, job)
