"""The chunks of rows that this process has taken, and their leases: the time for which a chunk belongs to a process."""

import sys
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from paycombat_async._clock import Clock
from paycombat_async._postgres.tables import Tables
from paycombat_async.batch.postgres.chunk_statements import CLAIM, COMMIT, LEASE_S, RELEASE, RENEW, ROWS
from paycombat_async.batch.rows.row import Row
from paycombat_async.schemas.customers import UpdateCustomer

_RENEW_S: Final = LEASE_S / 3


class ClaimedRow(Row, frozen=True, gc=False):
    """A row that this process has taken from the database. `number` is the row's number in the run.

    `chunk` is the number of the chunk that contains the row. `body` is the JSON body that is sent; `request` contains
    only the customer's id.
    """

    number: int = 0
    chunk: int = 0


class RowResult(Struct, frozen=True, gc=False):
    """The result of sending a row: `state` is "done", "failed" or "unknown".

    `number` is the number of the row, and `chunk` is the number of its chunk. `reason` is text in UTF-8, or None if
    there is no reason, as for a row that is done.
    """

    number: int
    chunk: int
    state: str
    reason: bytes | None


class _Held(Struct):
    """A chunk of rows that this process has taken and that belongs to it until its lease ends.

    `until` is the time of the monotonic clock at which the lease ends. `left` is the number of rows without a result.
    """

    token: int
    until: float
    left: int


class Claims:
    """Takes chunks, renews their leases, and commits results of rows while their chunks belong to this process.

    The asynchronous methods raise `StoreFailed` if the database fails.
    """

    def __init__(self, tables: Tables, run: int, owner: str, clock: Clock) -> None:
        """`owner` is a text that no other process uses."""
        self._tables = tables
        self._run = run
        self._owner = owner
        self._clock = clock
        self._held: dict[int, _Held] = {}
        self._lost: set[int] = set()

    async def claim(self) -> list[ClaimedRow] | None:
        """Takes the next chunk (group of rows) that no process has, and returns its rows that have no result.

        Returns None if there is no such chunk.
        """
        since = self._clock.monotonic()
        found = await self._tables.execute(CLAIM, {"run": self._run, "owner": self._owner})
        if not found:
            return None
        ((chunk, token, first, last),) = found
        self._held[chunk] = held = _Held(token, since + LEASE_S, sys.maxsize)
        rows = await self._tables.execute(ROWS, {"run": self._run, "first": first, "last": last})
        held.left = len(rows)
        return [_row(chunk, *row) for row in rows]

    async def commit(self, results: Sequence[RowResult], *, retried: int, throttled: int) -> None:
        """Writes the results of the chunks that still belong to this process, and ignores the other results.

        `retried` is the number of calls that needed more than one attempt, `throttled` the number of 429 answers. Both
        are added to the counts of the run if any result is written. If a third of any chunk's lease is over, renews the
        leases of all chunks of this process. A call may be repeated with the same arguments: each result is written
        only once.
        """
        if results:
            await self._write(results, retried, throttled)
        now = self._clock.monotonic()
        if any(held.until - now < LEASE_S - _RENEW_S for held in self._held.values()):
            own = list(self._held)
            kept = {number for (number,) in await self._tables.execute(RENEW, self._own(own))}
            self._forget(set(own) - kept)
            for number in kept & self._held.keys():
                self._held[number].until = now + LEASE_S

    def is_late(self) -> bool:
        """Returns whether this process has a chunk whose lease is over: another process may have taken that chunk."""
        now = self._clock.monotonic()
        return any(held.until < now for held in self._held.values())

    def holds(self, chunk: int) -> bool:
        """Returns whether the chunk belongs to this process, as of the last answer of the database."""
        return chunk in self._held

    def take_lost(self) -> Callable[[int], bool] | None:
        """Returns a function that takes a chunk's number and says whether this process has lost the chunk.

        A chunk (a group of rows) is lost if another process has taken it over after its lease ended. Counts only chunks
        that were lost since the last call of `take_lost`. Returns None if there are none.
        """
        if not self._lost:
            return None
        lost, self._lost = self._lost, set()
        return lost.__contains__

    async def release(self) -> None:
        """Gives all chunks of this process back, so that other processes may take the rows that have no result."""
        if self._held:
            await self._tables.execute(RELEASE, self._own(list(self._held)))
            self._held.clear()

    async def _write(self, results: Sequence[RowResult], retried: int, throttled: int) -> None:
        own = list(self._held)
        values = {
            "numbers": [result.number for result in results],
            "chunks_of": [result.chunk for result in results],
            "states": [result.state for result in results],
            "reasons": [result.reason for result in results],
            "counts_for": next((result.chunk for result in results if result.chunk in self._held), 0),
            "retried": retried,
            "throttled": throttled,
        }
        written = {number for (number,) in await self._tables.execute(COMMIT, self._own(own) | values)}
        self._forget(set(own) - written)
        for result in results:
            if (held := self._held.get(result.chunk)) is not None:
                held.left -= 1
                if not held.left:
                    del self._held[result.chunk]

    def _forget(self, lost: set[int]) -> None:
        for number in lost & self._held.keys():
            del self._held[number]
            self._lost.add(number)

    def _own(self, chunks: list[int]) -> dict[str, object]:
        return {"run": self._run, "chunks": chunks, "tokens": [self._held[number].token for number in chunks]}


def _row(chunk: int, number: int, line: int, customer: bytes, body: bytes) -> ClaimedRow:
    return ClaimedRow(line, UpdateCustomer(customer_id=customer.decode()), body, "", number=number, chunk=chunk)
