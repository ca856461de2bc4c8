"""The counts of a run, over all machines."""

from typing import Any, Self

from msgspec import Struct

from paycombat_async.batch.report import Progress


class RunStatus(Struct, frozen=True, kw_only=True):
    """Counts of a run over all machines.

    `rows` is the number of rows in the input. It is the sum of updated, unchanged, failed, unknown and pending rows, as
    in a `BatchReport`. `machines` is the number of processes that work on rows now. `chunks` is the number of chunks
    (groups of up to 500 rows) that are not done, and `free` is the number of these chunks that can be taken now.
    """

    run: str
    rows: int
    updated: int
    unchanged: int
    failed: int
    unknown: int
    retried: int
    throttled: int
    damaged: int
    machines: int
    chunks: int
    free: int

    @property
    def pending(self) -> int:
        """Number of rows that are not carried out yet."""
        return self.rows - self.updated - self.unchanged - self.failed - self.unknown

    @property
    def is_over(self) -> bool:
        """Whether every row of the input has been sent, skipped or refused."""
        return not self.chunks

    @classmethod
    def of(cls, found: tuple[Any, ...]) -> Self:
        """Returns the status of a run. `found` is the run's row in the result of the SQL statement `STATUS`."""
        run, rows, refused, due, updated, failed, unknown, retried, throttled, chunks, free, machines, damaged = found
        return cls(
            run=run,
            rows=rows,
            updated=updated,
            unchanged=rows - refused - due,
            failed=failed + refused,
            unknown=unknown,
            retried=retried,
            throttled=throttled,
            damaged=damaged,
            machines=machines,
            chunks=chunks,
            free=free,
        )

    def progress(self, elapsed: float) -> Progress:
        """Returns these counts as a `Progress`. `elapsed` is the time since the start on this machine, in seconds."""
        return Progress(
            rows=self.rows,
            total=self.rows,
            updated=self.updated,
            unchanged=self.unchanged,
            failed=self.failed,
            unknown=self.unknown,
            retried=self.retried,
            throttled=self.throttled,
            damaged=self.damaged,
            elapsed=elapsed,
        )
