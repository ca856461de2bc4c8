"""The journal: the state of every row, kept in SQLite so that a run can be resumed after it was killed.

A row is identified by its `customer_id` and the digest of its body. The input may be edited between two runs. The next
run then skips the rows that are done and unchanged, and sends the changed rows. For each row, the journal contains the
customer's id, the line number, the digest, the state and the reason, but no other data of the customer. It does not
contain the token. Every row is in one of these states:

    new       certainly not sent
    sending   about to be sent, or being sent; if a later run finds this state, the row may have been sent or not
    done      carried out
    failed    certainly not carried out: the row is invalid, was refused, or could not be sent in the last try
    unknown   sent, with unknown outcome

Updates are safe to repeat, and the journal relies on that: a row in any state but `done` is sent again. The journal is
bound to the run's account and input by the first row that was carried out or may have been carried out. A run that
could not update anything, for example because its token is wrong, does not bind the journal.
"""

import sqlite3
import zlib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec import Struct

from paycombat_async.batch.journal.binding import Binding, bind
from paycombat_async.batch.journal.file import open_file, open_temporary, translate_errors
from paycombat_async.batch.journal.index import CustomerIndex, Known, json_text
from paycombat_async.batch.rows.row import Row


class RowState(StrEnum):
    """The state of a row in the journal: not sent, about to be sent, or the result of sending it.

    A row that a later run finds as `SENDING` may have been sent or not.
    """

    NEW = "new"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


# The members are read once here, because reading an enum member for every row takes as long as creating a Struct.
_DONE: Final = RowState.DONE
_WRITTEN_DONE: Final = RowState.DONE.value
_WRITTEN_SENDING: Final = RowState.SENDING.value
_BINDING: Final = (RowState.DONE, RowState.UNKNOWN)


class Result(Struct, frozen=True, array_like=True, gc=False):
    """The new state of a row. `number` is the row's number in the journal; `reason` contains no personal data."""

    number: int
    state: RowState
    reason: str


class Plan(Struct, frozen=True, gc=False):
    """What to do with a row: skip the row if `skip` is true, refuse it if `refusal` is not empty, else send it.

    `number` is the row's number in the journal. `first_line` is the line on which the same customer occurred earlier in
    this run, or 0 if the customer did not occur earlier.
    """

    number: int
    skip: bool = False
    first_line: int = 0

    @property
    def refusal(self) -> str:
        """The reason why the row must not be sent, or "" if it may be sent.

        A second row of a customer with other content is refused, because the provider might apply the two updates in
        either order.
        """
        return f"customer appears twice, first on line {self.first_line}" if self.first_line and not self.skip else ""


# Each step of a SQLite statement releases the GIL, and must then wait until the event loop's thread releases the GIL.
# Therefore a chunk of rows is written by one statement with many values or with a JSON array, not by one statement per
# row. A statement with many values takes a third of the time of one with an array. The statement differs for each
# number of rows, but nearly all chunks have the same number, so its parsed form is reused.
_WRITE = "INSERT OR REPLACE INTO row (number, key, customer, body, line, run, state, reason) VALUES "
_WRITE_ONE = "(?, ?, ?, ?, ?, ?, ?, '')"
_SETTLE_DONE = "UPDATE row SET state = 'done', reason = '' WHERE number IN (SELECT value FROM json_each(?))"
_SETTLE = (
    "UPDATE row SET state = json_extract(result.value, '$[1]'), reason = json_extract(result.value, '$[2]')"
    " FROM json_each(?) AS result WHERE row.number = json_extract(result.value, '$[0]')"
)


class Journal:
    """Records which rows are about to be sent, and their results. Not thread-safe.

    When `commit` returns, its data is on the disk and survives a crash.

    `failures_left` is the digest of the failures file that the last run wrote, or "" if it wrote none.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path | None,
        binding: Binding | None = None,
        *,
        send_all: bool = False,
    ) -> None:
        """Begins a new run. `binding` contains the account and the input to which the journal belongs.

        `binding` is None for a temporary journal, which belongs to no account.

        With `send_all`, rows that earlier runs have done are sent again. Raises `ConfigurationError` if the file cannot
        be read or written, or is damaged.
        """
        self._connection = connection
        self._path = path
        self._binding = binding
        with translate_errors(path):
            marks = dict(connection.execute("SELECT name, value FROM mark"))
            self._run = marks.get("run", 0) + 1
            # A row that was done by a run with a lower number than `_all_since` is sent again. The number is stored,
            # because the run that continues a stopped `send_all` run must not skip such rows either.
            self._all_since = self._run if send_all else marks.get("all_since", 0)
            self.failures_left: str = marks.get("failures", "")
            changed = {"run": self._run, "all_since": self._all_since}
            connection.executemany("INSERT OR REPLACE INTO mark VALUES (?, ?)", changed.items())
            if binding is not None and "source" in marks:  # the journal is already bound: add a missing account name
                bind(connection, binding)
            (top,) = connection.execute("SELECT max(number) FROM row").fetchone()
            self._index = CustomerIndex(connection)
        self._next = (top or 0) + 1

    @property
    def is_lasting(self) -> bool:
        """Whether the journal is a file that outlives the run."""
        return self._path is not None

    def commit(self, results: Sequence[Result], rows: Sequence[Row]) -> list[Plan]:
        """Records `results`, and that `rows` are about to be sent. Returns one `Plan` per row.

        Everything is on the disk when this method returns. Raises `ConfigurationError`, and records nothing, if the
        file cannot be written or is damaged.
        """
        with translate_errors(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._settle(results)
                plans = self._plan(rows)
                self._index.flush()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # after some errors SQLite has already rolled the transaction back
                    self._connection.execute("ROLLBACK")
                self._index.read()
                raise
            return plans

    def close(self, results: Sequence[Result], failures_left: str = "") -> None:
        """Records the last results and closes the file.

        Must be called when no API call is under way, because rows of this run that are still `sending` become `new`.
        `failures_left` is the digest of the failures file that this run wrote, or "" if it wrote none. Raises
        `ConfigurationError` if the file cannot be written; the file is closed even then.
        """
        try:
            with translate_errors(self._path):
                self._connection.execute("BEGIN IMMEDIATE")
                self._settle(results)
                self._connection.execute(
                    "UPDATE row SET state = 'new' WHERE state = 'sending' AND run = ?", [self._run]
                )
                self._connection.execute("INSERT OR REPLACE INTO mark VALUES ('failures', ?)", [failures_left])
                self._connection.execute("COMMIT")
        finally:
            self._connection.close()

    def _settle(self, results: Sequence[Result]) -> None:
        done = [result.number for result in results if result.state is _DONE]
        others = [result for result in results if result.state is not _DONE]
        # These results are written first, because a row that `results` has as unknown and later as done must end as
        # done.
        if others:
            self._connection.execute(_SETTLE, [json_text(others)])
        if done:
            self._connection.execute(_SETTLE_DONE, [json_text(done)])
        if self._binding is not None and any(result.state in _BINDING for result in results):
            bind(self._connection, self._binding)

    def _plan(self, rows: Sequence[Row]) -> list[Plan]:
        if not rows:
            return []
        customers = [row.request.customer_id for row in rows]
        # The index on disk contains only the CRC-32 of each customer id. Two ids may have the same CRC-32, so `find`
        # may also return rows of other customers. These rows are ignored, because `known` is read by customer id.
        keys = [zlib.crc32(customer.encode()) for customer in customers]
        known = self._index.find(customers, keys)
        new: dict[str, int] = {}
        plans: list[Plan] = []
        values: list[int | str] = []
        for row, customer, key in zip(rows, customers, keys, strict=True):
            before = known.get(customer)
            if before is None:
                plan = Plan(self._next)
                self._next += 1
                new[customer] = plan.number
            else:
                plan = self._plan_again(row, before)
            plans.append(plan)
            if not plan.first_line:
                state = _WRITTEN_DONE if plan.skip else _WRITTEN_SENDING
                values += (plan.number, key, customer, row.digest, row.line, self._run, state)
                known[customer] = Known(plan.number, row.digest, state, row.line, self._run)
        if values:
            count = len(values) // _WRITE_ONE.count("?")
            self._connection.execute(_WRITE + ", ".join([_WRITE_ONE] * count), values)
        self._index.add(new)
        return plans

    def _plan_again(self, row: Row, known: Known) -> Plan:
        if known.run == self._run:
            return Plan(known.number, skip=known.body == row.digest, first_line=known.line)
        return Plan(known.number, skip=is_up_to_date(known, row, self._all_since))


def is_up_to_date(known: Known, row: Row, all_since: int) -> bool:
    """Returns whether the content of `row` was already carried out, so that the row can be skipped.

    Only runs with the number `all_since` or a higher number count.
    """
    return known.state == _WRITTEN_DONE and known.body == row.digest and known.run >= all_since


def open_journal(path: Path, binding: Binding, *, send_all: bool = False) -> Journal:
    """Opens the journal at `path` for a new run, and returns it. Creates the journal if the file does not exist.

    A new journal is bound to the account and the input as soon as a row was, or may have been, carried out. With
    `send_all`, rows that earlier runs have done are sent again. Raises `ConfigurationError` if the journal is in use,
    is damaged, or belongs to another account, address or input.
    """
    connection = open_file(path, binding)
    try:
        return Journal(connection, path, binding, send_all=send_all)
    except BaseException:
        connection.close()
        raise


def temporary_journal() -> Journal:
    """Returns a journal that is deleted after the run. Every run needs one, to detect customers that occur twice."""
    return Journal(open_temporary(), None)
