"""What a run reports: counts while it goes on, a report at its end, and the exit code that follows from it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from msgspec import Struct

from paycombat_async._printable import printable
from paycombat_async.batch.rows.row import BadRow, Row

FIRST_FAILURES = 20  # kept in the report; the failures file holds them all


class Failure(Struct, frozen=True):
    """A row that was not carried out, or of which nobody knows whether it was. Both texts are fit to be shown."""

    line: int
    customer_id: str
    reason: str


class Progress(Struct, frozen=True, kw_only=True):
    """How far a run is. `rows` were read so far, out of `total` (None where the input does not say)."""

    rows: int = 0
    total: int | None = None
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    unknown: int = 0
    retried: int = 0
    throttled: int = 0
    elapsed: float = 0.0

    @property
    def settled(self) -> int:
        """Rows with which this run is finished."""
        return self.updated + self.unchanged + self.failed + self.unknown


class BatchReport(Struct, frozen=True, kw_only=True):
    """What became of every row: `rows` is the sum of the five counts below it.

    `unchanged` were carried out earlier with the same content (by the journal) or stand twice in the input. `unknown`
    may have been carried out; sending them again is safe. `pending` were not sent: a dry run, or one that stopped.
    `retried` rows needed more than one attempt, `throttled` counts the answers 429, `elapsed` is in seconds.
    """

    rows: int
    updated: int
    unchanged: int
    failed: int
    unknown: int
    pending: int
    retried: int = 0
    throttled: int = 0
    elapsed: float = 0.0
    failures: tuple[Failure, ...] = ()
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
        failures_file: Path | None = None,
        stopped: str = "",
        misconfigured: bool = False,
        interrupted: bool = False,
        dry_run: bool = False,
    ) -> Self:
        """A report of how things stand; rows that were not even read count as pending where the total is known."""
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
            elapsed=progress.elapsed,
            failures=tuple(failures),
            failures_file=failures_file,
            stopped=stopped,
            misconfigured=misconfigured,
            interrupted=interrupted,
            dry_run=dry_run,
        )

    @property
    def exit_code(self) -> int:
        """130 interrupted, 3 unknown rows left, 2 wrong configuration, 1 rows failed or run stopped, 0 all done."""
        codes = (
            (130, self.interrupted),
            (3, self.unknown > 0),
            (2, self.misconfigured),
            (1, self.failed > 0 or bool(self.stopped)),
        )
        return next((code for code, applies in codes if applies), 0)


class Tally:
    """The counts of a run under way."""

    __slots__ = ("failed", "failures", "retried", "rows", "throttled", "total", "unchanged", "unknown", "updated")

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.rows = self.updated = self.unchanged = self.failed = self.unknown = self.retried = self.throttled = 0
        self.failures: list[Failure] = []

    def keep(self, row: Row | BadRow, reason: str) -> None:
        """Keep one of the first failures for the report."""
        if len(self.failures) < FIRST_FAILURES:
            self.failures.append(Failure(row.line, printable(row.customer_id), reason))

    def progress(self, elapsed: float) -> Progress:
        return Progress(
            rows=self.rows,
            total=self.total,
            updated=self.updated,
            unchanged=self.unchanged,
            failed=self.failed,
            unknown=self.unknown,
            retried=self.retried,
            throttled=self.throttled,
            elapsed=elapsed,
        )
