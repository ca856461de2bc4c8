"""The arguments of `sync_customers`."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

from paycombat_async._bounds import is_within
from paycombat_async._file_path import file_path
from paycombat_async._settings import check_hooks
from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.batch.report import BatchReport, Progress
from paycombat_async.batch.rows.file import FilePath
from paycombat_async.batch.rows.reader import Rows, check_rows
from paycombat_async.batch.rows.row import Row
from paycombat_async.errors import ConfigurationError
from paycombat_async.intents.intent import check_account
from paycombat_async.limiters.limiter import LEAST_PER_SECOND, MOST_PER_SECOND


@dataclass(frozen=True, slots=True)
class Job:
    """The arguments of `sync_customers`, and two callbacks for the command line.

    A dry run calls `on_row` with each row that would be sent. Any other run calls `on_report` with its report, even if
    the run is cancelled. Raises `ConfigurationError` if `concurrency` or `rate` is out of range, if `account` is not a
    valid name, if `journal` or `failed` cannot be the path of a file, or if another argument has the wrong type.
    """

    rows: Rows
    journal: FilePath | PostgresJournal | None
    failed: FilePath | None
    concurrency: int
    rate: float | None
    on_progress: Callable[[Progress], None] | None
    stop: asyncio.Event | None
    _: KW_ONLY
    dry_run: bool
    send_all: bool
    account: str | None = None
    on_row: Callable[[Row], None] | None = None
    on_report: Callable[[BatchReport], None] = lambda _: None

    def __post_init__(self) -> None:
        check_rows(self.rows)
        if not is_within(self.concurrency, 1, sys.maxsize):
            raise ConfigurationError("concurrency must be 1 or more")
        if self.rate is not None and not is_within(self.rate, LEAST_PER_SECOND, MOST_PER_SECOND):
            raise ConfigurationError("rate must be from 0.001 to 1,000,000 calls per second")
        if self.account is not None:
            check_account(self.account)
        if self.journal is not None and not isinstance(self.journal, PostgresJournal):
            where = file_path(self.journal, "journal= takes the path of a file, or a PostgresJournal")
            if str(where) == ":memory:":
                raise ConfigurationError("journal= needs a file; without it, the journal is temporary")
        if self.failed is not None:
            file_path(self.failed, "failed= takes the path of a file")
        check_hooks(on_progress=self.on_progress)
        if self.stop is not None and not callable(getattr(self.stop, "is_set", None)):
            raise ConfigurationError(f"stop= takes an event, and not {type(self.stop).__name__}")
