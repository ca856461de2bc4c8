"""Reports of a batch run: progress while it lasts, and the final report with its exit code."""

from bisect import insort
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import Self

from msgspec import Struct

from paycombat_async._printable import printable
from paycombat_async._secrets import short_rich_repr
from paycombat_async.batch.rows.row import BadRow, Row

FIRST_FAILURES = 20  # the most failed rows that a report contains; the failures file contains all of them


class Failure(Struct, frozen=True):
    """A row that failed, has an unknown outcome, or seems damaged by a spreadsheet. `reason` says what has happened.

    `line` is the row's line in the file, or its number (from 1) if the row does not come from a file. `customer_id` is
    "" if the row has no id. `customer_id` and `reason` contain no control characters.
    """

    line: int
    customer_id: str
    reason: str

    def __repr__(self) -> str:
        # `reason` is hidden, because it may contain the provider's message, which may quote personal data.
        return f"Failure(line={self.line}, {self.customer_id!r}, ***)"

    __rich_repr__ = short_rich_repr


class Progress(Struct, frozen=True, kw_only=True):
    """The counts of a run so far. `rows` is the number of rows that were read.

    `total` is the number of rows in the input, or None if that number is not known, as for an iterable. `retried`
    counts the calls that needed more than one attempt, `throttled` the 429 answers, and `damaged` the rows that a
    spreadsheet seems to have damaged. `elapsed` is in seconds.
    """

    rows: int = 0
    total: int | None = None
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    unknown: int = 0
    retried: int = 0
    throttled: int = 0
    damaged: int = 0
    elapsed: float = 0.0

    @property
    def settled(self) -> int:
        """Number of rows that this run has finished: updated, unchanged, failed, or of unknown outcome."""
        return self.updated + self.unchanged + self.failed + self.unknown


class BatchReport(Struct, frozen=True, kw_only=True):
    """The result of a batch run. `rows` is the sum of updated, unchanged, failed, unknown and pending rows.

    - `unchanged` rows were not sent, because an earlier run carried them out with the same content, because they repeat
      an earlier row of the input, or because they contain nothing to change.
    - `unknown` rows may have been carried out; sending them again is safe.
    - `pending` rows were not carried out, because the run was a dry run or stopped early.
    - `retried` counts the calls that needed more than one attempt, and `throttled` counts 429 answers.
    - `damaged` rows look as if a spreadsheet had changed their values. They are sent nevertheless.
    - `elapsed` is the duration of the run in seconds.
    - `failures` contains the first 20 failed or unknown rows, in the order of their lines, and `warnings` the first 20
      damaged rows.
    - `failures_file` is the path of the file with all failed and unknown rows, or None if there is no such file. A file
      that a person may have corrected is kept: if one is already at the given path, the new name has a number.
    - `stopped` is the message of the problem that ended the run early, or "" if no problem did.
    - `misconfigured` is true if that problem is a refused token or key, an invalid setting of the client, a failed
      database, or a failed worker or scheduler of a Dask cluster.
    - `interrupted` says whether `stop` was set.
    """

    rows: int
    updated: int
    unchanged: int
    failed: int
    unknown: int
    pending: int
    retried: int = 0
    throttled: int = 0
    damaged: int = 0
    elapsed: float = 0.0
    failures: tuple[Failure, ...] = ()
    warnings: tuple[Failure, ...] = ()
    failures_file: Path | None = None
    stopped: str = ""
    misconfigured: bool = False
    interrupted: bool = False
    dry_run: bool = False

    @classmethod
    def of(
        cls,
        progress: Progress,
        *,
        failures: Sequence[Failure] = (),
        warnings: Sequence[Failure] = (),
        failures_file: Path | None = None,
        stopped: str = "",
        misconfigured: bool = False,
        interrupted: bool = False,
        dry_run: bool = False,
    ) -> Self:
        """Returns the report for these counts. If the total is known, rows that were never read count as pending."""
        rows = max(progress.rows, progress.total or 0)
        return cls(
            rows=rows,
            updated=progress.updated,
            unchanged=progress.unchanged,
            failed=progress.failed,
            unknown=progress.unknown,
            pending=rows - progress.settled,
            retried=progress.retried,
            throttled=progress.throttled,
            damaged=progress.damaged,
            elapsed=progress.elapsed,
            failures=tuple(failures),
            warnings=tuple(warnings),
            failures_file=failures_file,
            stopped=stopped,
            misconfigured=misconfigured,
            interrupted=interrupted,
            dry_run=dry_run,
        )

    @property
    def exit_code(self) -> int:
        """The exit code of a command, which is the first of these codes that applies:

        130 (interrupted), 3 (rows with an unknown outcome), 2 (`misconfigured`), 1 (failed rows, or stopped early by a
        problem), 0 (none of these).
        """
        codes = (
            (130, self.interrupted),
            (3, self.unknown > 0),
            (2, self.misconfigured),
            (1, self.failed > 0 or bool(self.stopped)),
        )
        return next((code for code, applies in codes if applies), 0)


class Tally:
    """The mutable counts of a run, with its first `FIRST_FAILURES` (20) failures and warnings."""

    __slots__ = (
        "damaged",
        "failed",
        "failures",
        "retried",
        "rows",
        "throttled",
        "total",
        "unchanged",
        "unknown",
        "updated",
        "warnings",
    )

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.rows = self.updated = self.unchanged = self.failed = self.unknown = self.retried = self.throttled = 0
        self.damaged = 0
        self.failures: list[Failure] = []
        self.warnings: list[Failure] = []

    def keep(self, row: Row | BadRow, reason: str) -> None:
        """Adds a failed row and its reason to `failures`, which keeps the rows with the 20 lowest line numbers."""
        _insert(self.failures, row, reason)

    def warn(self, row: Row) -> None:
        """Counts a damaged row, and adds it to `warnings`, which keeps the rows with the 20 lowest line numbers."""
        self.damaged += 1
        _insert(self.warnings, row, printable(row.damage))

    def progress(self, elapsed: float) -> Progress:
        """Returns a snapshot of the counts; `elapsed` is the time since the start of the run, in seconds."""
        return Progress(
            rows=self.rows,
            total=self.total,
            updated=self.updated,
            unchanged=self.unchanged,
            failed=self.failed,
            unknown=self.unknown,
            retried=self.retried,
            throttled=self.throttled,
            damaged=self.damaged,
            elapsed=elapsed,
        )


def _insert(kept: list[Failure], row: Row | BadRow, reason: str) -> None:
    """Inserts a row into the list `kept`, sorted by line because calls end in any order. Keeps the first 20 rows."""
    if len(kept) < FIRST_FAILURES or row.line < kept[-1].line:
        insort(kept, Failure(row.line, printable(row.customer_id), reason), key=attrgetter("line"))
        del kept[FIRST_FAILURES:]
