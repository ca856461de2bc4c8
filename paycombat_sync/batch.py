"""Updating many customers at once, blocking: `sync_customers`."""

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

_CHUNK_ROWS: Final = 64  # rows fetched from the caller's thread at a time


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
    """Update the customers of a file or of an iterable, many at once, and report what became of every row.

    `rows` is the path of a CSV or JSONL file, `open_rows(path, …)`, or an iterable of `UpdateCustomer`; none of them is
    held in memory. A row that cannot be sent, or is refused, is reported while the others go on. With a `journal`, a
    run that was killed or stopped goes on where it was, and rows carried out before are skipped as long as their
    content is the same; take the journal away to send them again. `failed` is a file for the rows that failed, with
    the reasons.

    `concurrency` calls run at once, at most as many as the client has connections (`max_connections`), and fewer while
    the provider answers 429; `rate` limits the calls per second. A dry run
    sends nothing, writes nothing, looks at no journal and needs no client. An iterable is read, and `on_progress` is
    called, in the thread that calls this function; both may use the client. Ctrl-C cuts the calls under way and leaves
    the journal in order.

    Raises `ConfigurationError` before anything is sent if the file, the journal or a setting cannot be used; what
    stops the run later is in `BatchReport.stopped`.
    """
    caller: CallerThread[BatchReport] = CallerThread()
    async_client = None if client is None else client._async  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # our client

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
        return caller.run(client._runner, job)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # our client
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
