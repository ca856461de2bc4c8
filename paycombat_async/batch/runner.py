"""Updating many customers at once: `sync_customers`."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async.batch.pace import Pace
from paycombat_async.batch.report import BatchReport, Progress, Tally
from paycombat_async.batch.row_file import RowFile, open_rows
from paycombat_async.batch.through import account_digest, clock_of, through
from paycombat_async.batch.windows import Rows, windows_of
from paycombat_async.client import AsyncPayCombat
from paycombat_async.errors import ConfigurationError

if TYPE_CHECKING:
    from paycombat_async.batch.books import Books

FilePath: TypeAlias = str | os.PathLike[str]

_NO_FILE = "rows that are no file"  # how a journal names them


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
    stop: asyncio.Event | None = None,
) -> BatchReport:
    """Update the customers of a file or of an iterable, many at once, and report what became of every row.

    `rows` is the path of a CSV or JSONL file, `open_rows(path, …)`, or an iterable of `UpdateCustomer`; none of them is
    held in memory. A row that cannot be sent, or is refused, is reported while the others go on. With a `journal`, a
    run that was killed or stopped goes on where it was, and rows carried out before are skipped as long as their
    content is the same; take the journal away to send them again. `failed` is a file for the rows that failed, with
    the reasons.

    `concurrency` calls run at once, fewer while the provider answers 429; `rate` limits the calls per second. A dry run
    sends nothing, writes nothing, looks at no journal and needs no client. Setting `stop` ends the run early: calls
    under way are finished, the rest is left for the next run. A cancelled run leaves its journal in order, too.

    Raises `ConfigurationError` before anything is sent if the file, the journal or a setting cannot be used; what
    stops the run later is in `BatchReport.stopped`.
    """
    # sqlite3 comes with them: it is not for those who import the package and run no batch.
    from paycombat_async.batch.rehearsal import rehearse  # noqa: PLC0415  # see above
    from paycombat_async.batch.run import Options, Run  # noqa: PLC0415  # see above

    _check(concurrency, rate)
    if isinstance(rows, str | os.PathLike):
        rows = await asyncio.to_thread(open_rows, rows)
    source = rows if isinstance(rows, RowFile) else None
    tally = Tally(None if source is None else source.total)
    windows = windows_of(rows, max(64, min(512, 8 * concurrency)))
    if dry_run:
        return await rehearse(windows, tally, SYSTEM_CLOCK, on_progress)
    if client is None:
        raise ConfigurationError("only a dry run goes without a client")
    books = await asyncio.to_thread(_open_books, client, source, tally, journal=journal, failed=failed)
    options = Options(concurrency, clock_of(client), on_progress, stop or asyncio.Event())
    pace = Pace(concurrency, rate, options.clock)
    return await Run(through(client, tally, pace), books, pace, options).execute(windows)


def _check(concurrency: int, rate: float | None) -> None:
    if concurrency < 1:
        raise ConfigurationError("concurrency must be 1 or more")
    if rate is not None and not 0 < rate < float("inf"):
        raise ConfigurationError("rate must be more than 0 calls per second")


def _open_books(
    client: AsyncPayCombat, source: RowFile | None, tally: Tally, *, journal: FilePath | None, failed: FilePath | None
) -> "Books":
    from paycombat_async.batch.books import Books  # noqa: PLC0415  # sqlite3, as above
    from paycombat_async.batch.failures import FailuresFile  # noqa: PLC0415  # with them, needed by them alone
    from paycombat_async.batch.journal import open_journal, temporary_journal  # noqa: PLC0415  # sqlite3, as above
    from paycombat_async.batch.journal_file import source_name  # noqa: PLC0415  # sqlite3, as above

    failures = None if failed is None else FailuresFile(Path(failed), source)
    if journal is None:
        return Books(temporary_journal(), failures, tally)
    where = Path(journal)
    name = _NO_FILE if source is None else source_name(source.path, where)
    return Books(open_journal(where, account=account_digest(client), source=name), failures, tally)
