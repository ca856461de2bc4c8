"""`sync_customers` for blocking code: updates many customers concurrently."""

import os
from collections.abc import AsyncIterator, Callable, Iterable
from itertools import islice
from typing import Final, TypeAlias

from paycombat_async import batch
from paycombat_async.batch import BatchReport, Progress, RowFile
from paycombat_async.batch.rows.file import FilePath
from paycombat_async.batch.rows.row import Given
from paycombat_sync._caller_thread import CallerThread
from paycombat_sync._runner import Runner
from paycombat_sync.client import PayCombat

Rows: TypeAlias = str | os.PathLike[str] | RowFile | Iterable[Given]

_CHUNK_ROWS: Final = 64  # rows read each time that the caller's thread is asked for more


def sync_customers(
    client: PayCombat | None,
    rows: Rows,
    *,
    journal: FilePath | None = None,
    failed: FilePath | None = None,
    concurrency: int = 64,
    rate: float | None = None,
    dry_run: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> BatchReport:
    """Update the customers of a file or an iterable concurrently, and return a report that accounts for every row.

    `rows` is the path of a CSV or JSONL file, `open_rows(path, …)`, or an iterable of `UpdateCustomer`; it is read as
    the calls proceed and never held in memory as a whole. A row that is invalid or refused is reported, and the others
    continue. With a `journal` file, a run that was killed or stopped can be resumed by the same call, and rows carried
    out before are skipped while their content is the same; delete the journal to send them again. `failed` is the path
    of a file for the rows that failed, with the reasons.

    At most `concurrency` calls run at once, never more than the client's `max_connections`, and fewer while the
    provider answers 429; `rate` is the highest number of calls per second. With `dry_run` nothing is sent or written,
    no journal is read, and `client` may be None. An iterable is read, and `on_progress` is called, in the thread that
    calls this function; both may use the client. Ctrl-C cuts the calls under way and closes the journal properly.

    Raises `ConfigurationError` before anything is sent if the file, the journal or a setting cannot be used; a problem
    that stops the run later is in `BatchReport.stopped`.
    """
    caller: CallerThread[BatchReport] = CallerThread()
    async_client = None if client is None else client._async  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # private, but of this SDK

    async def job() -> BatchReport:
        return await batch.sync_customers(
            async_client,
            rows if isinstance(rows, str | os.PathLike | RowFile) else _iterate_in_caller(rows, caller),
            journal=journal,
            failed=failed,
            concurrency=concurrency,
            rate=rate,
            dry_run=dry_run,
            on_progress=None if on_progress is None else caller.notify_caller(on_progress),
        )

    if client is not None:
        return caller.run(client._runner, job)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # private, but of this SDK
    runner = Runner()
    try:
        return caller.run(runner, job)
    finally:
        runner.close()


async def _iterate_in_caller(rows: Iterable[Given], caller: CallerThread[BatchReport]) -> AsyncIterator[Given]:
    iterator = iter(rows)
    while chunk := await caller.run_in_caller(lambda: list(islice(iterator, _CHUNK_ROWS))):
        for row in chunk:
            yield row
