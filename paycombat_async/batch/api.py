"""Updating many customers at once: `sync_customers`."""

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
    """Update the customers of a file or of an iterable, many at once, and report what became of every row.

    `rows` is the path of a CSV or JSONL file, `open_rows(path, …)`, or an iterable of `UpdateCustomer`; none of them is
    held in memory. A row that cannot be sent, or is refused, is reported while the others go on. With a `journal`, a
    run that was killed or stopped goes on where it was, and rows carried out before are skipped as long as their
    content is the same; take the journal away to send them again. `failed` is a file for the rows that failed, with
    the reasons.

    `concurrency` calls run at once, at most as many as the client has connections (`max_connections`), and fewer while
    the provider answers 429; `rate` limits the calls per second. A dry run
    sends nothing, writes nothing, looks at no journal and needs no client. Setting `stop` ends the run early: calls
    under way are finished, the rest is left for the next run. A cancelled run leaves its journal in order, too.

    Raises `ConfigurationError` before anything is sent if the file, the journal or a setting cannot be used; what
    stops the run later is in `BatchReport.stopped`.
    """
    # It brings asyncio and sqlite3 along, a third of what importing the package would take.
    from paycombat_async.batch.run.job import Job, carry_out  # noqa: PLC0415  # see above

    job = Job(rows, journal, failed, concurrency, rate, on_progress, stop, dry_run=dry_run)
    return await carry_out(client, job)
