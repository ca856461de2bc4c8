"""Loads an input into a run, or joins the run if a different machine has already loaded the same input."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paycombat_async._clock import Clock
from paycombat_async._printable import printable
from paycombat_async.batch.journal.binding import Binding, other_account
from paycombat_async.batch.postgres.chunk_statements import LEASE_S
from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.batch.postgres.load_statements import AGAIN, BEGIN_PASS, BIND, CREATE_RUN, LOCK_RUN, MERGE, STAGE
from paycombat_async.batch.postgres.staging import Staged, copy_rows
from paycombat_async.batch.rows.iterables import reader_of
from paycombat_async.batch.rows.reader import GivenRows, RowReader
from paycombat_async.errors import ConfigurationError

if TYPE_CHECKING:
    from paycombat_async._postgres.pool import Connection

_POLL_S: Final = 0.5
_REMEDY: Final = "name another run (--run)"
# Before it loads another input, a machine waits until no other machine works on the run, but at most this number of
# seconds. A killed machine counts as working until its lease ends, at most 15 seconds after it was killed. Twice this
# time is enough.
_PATIENCE_S: Final = 2 * LEASE_S


class Found(NamedTuple):
    """The state of a run before this machine joins the run.

    `input` is the digest of the input. `load` counts the inputs that were loaded into the run. A pass sends all rows
    that still have to be sent; `passes` counts the passes. `is_bound` says whether any row was or may have been carried
    out, `is_open` whether rows of the current pass are not done, and `is_busy` whether a machine works on such rows.
    """

    number: int
    address: str
    account: str
    account_name: str
    input: str
    sends_all: bool
    load: int
    passes: int
    is_bound: bool
    is_open: bool
    is_busy: bool


class Loader:
    """Loads the input of this machine into a run in the database. Raises `StoreFailed` if the database fails."""

    def __init__(self, journal: PostgresJournal, binding: Binding, clock: Clock, *, send_all: bool) -> None:
        self._journal = journal
        self._tables = journal.tables
        self._binding = binding
        self._clock = clock
        self._send_all = send_all
        # True if another machine loaded rows into the run while this machine waited. If both machines have the same
        # rows, this machine helps to send the rows that the other one has loaded. Even if these rows are all done by
        # now, this machine does not send failed rows again.
        self._has_waited = False

    async def join(self, rows: GivenRows, fingerprint: str) -> int:
        """Loads the rows, unless the run already contains the same rows, and returns the number of the run.

        `fingerprint` is the digest of the input's content. It is "" for an iterable, whose digest is computed while it
        is read. Waits while another machine loads rows into the run. Raises `ConfigurationError` if the run belongs to
        another account, or if machines still work on another input in the run after 30 seconds.
        """
        reader = reader_of(rows)
        try:
            while (number := await self._try_to_join(reader, fingerprint)) is None:
                self._has_waited = True
                await self._clock.sleep(_POLL_S)
        finally:
            await reader.aclose()
        return number

    async def _try_to_join(self, reader: RowReader, fingerprint: str) -> int | None:
        """Joins the run and returns its number, or returns None if another machine is loading rows into the run."""
        from paycombat_async._postgres.errors import translated  # noqa: PLC0415  # needs psycopg, which is optional

        # Each attempt creates the run if it does not exist, because it may have been deleted (`forget`) meanwhile.
        await self._tables.execute(CREATE_RUN, {"name": self._journal.run})
        database = self._tables.database
        async with database.transaction() as connection:
            with translated(database.failure):
                rows = await self._fetch(connection, LOCK_RUN, {"name": self._journal.run})
                if not rows:
                    return None
                found = Found(*rows[0])
                await self._bind(connection, found)
                await self._load(connection, found, reader, fingerprint)
        return found.number

    async def _bind(self, connection: "Connection", found: Found) -> None:
        given = self._binding
        if found.is_bound or found.is_busy:
            bound = Binding(source="", address=found.address, account=found.account, name=found.account_name)
            if reason := other_account(bound, given, _REMEDY):
                raise ConfigurationError(printable(f"the run {self._journal.run} belongs to {reason}", limit=1000))
        name = given.name or (found.account_name if found.is_bound else "")
        values = {"run": found.number, "address": given.address, "account": given.account, "account_name": name}
        await self._fetch(connection, BIND, values)

    async def _load(self, connection: "Connection", found: Found, reader: RowReader, fingerprint: str) -> None:
        staged: Staged | None = None
        if not fingerprint:
            staged = await self._stage(connection, reader)
            fingerprint = staged.digest
        is_same, values = found.input == fingerprint, {"run": found.number}
        if is_same and (found.is_open or self._has_waited) and (found.sends_all or not self._send_all):
            return
        if is_same and not found.is_open and not self._send_all:
            await self._run(connection, (*AGAIN, *BEGIN_PASS), values)
            return
        await self._wait_for_machines(connection)
        staged = staged or await self._stage(connection, reader)
        merged = values | {"input": fingerprint, "sends_all": self._send_all, "rows": staged.rows}
        await self._run(connection, MERGE, merged)
        await self._run(connection, BEGIN_PASS, values)

    async def _stage(self, connection: "Connection", reader: RowReader) -> Staged:
        await self._fetch(connection, STAGE, {})
        return await copy_rows(connection, reader)

    async def _wait_for_machines(self, connection: "Connection") -> None:
        """Waits until no machine works on the run.

        Another machine may still send rows of the old input. The provider could apply such an update after an update
        of the new input. Raises `ConfigurationError` if a machine still works on the run after 30 seconds.
        """
        until = self._clock.monotonic() + _PATIENCE_S
        while Found(*(await self._fetch(connection, LOCK_RUN, {"name": self._journal.run}))[0]).is_busy:
            if self._clock.monotonic() > until:
                raise ConfigurationError(
                    f"machines are at work on another input in the run {self._journal.run}, or without --all; stop"
                    " them, wait for their end, or name another run"
                )
            await self._clock.sleep(_POLL_S)

    async def _run(self, connection: "Connection", statements: Sequence[str], values: Mapping[str, object]) -> None:
        for text in statements:
            await self._fetch(connection, text, values)

    # The rows are tuples of Any because PostgreSQL's values have no static types.
    async def _fetch(self, connection: "Connection", text: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        from paycombat_async._postgres.database import fetch  # noqa: PLC0415  # needs psycopg, which is optional

        return await fetch(connection, self._tables.sql(text), values)
