"""A store of intents (records of calls) in a SQLite file that survives crashes and that all local processes may use."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import msgspec

from paycombat_async._bounds import check_age, check_days, check_limit
from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async._file_path import file_path
from paycombat_async._process_bound import ProcessBound
from paycombat_async.errors import ConfigurationError, StoreFailed
from paycombat_async.intents import transitions
from paycombat_async.intents.intent import (
    DEFAULT_ACCOUNT,
    Begun,
    Intent,
    IntentState,
    NewIntent,
    Settlement,
    check_account,
    check_move,
    check_reference,
    is_storable,
)
from paycombat_async.intents.transitions import Record

if TYPE_CHECKING:
    import sqlite3

P = ParamSpec("P")
T = TypeVar("T")

_COLUMNS: Final = (
    "account, endpoint, reference, state, attempt, body_digest, created_at, settled_at, object_id, evidence, "
    "expected, answer, leased_until, owner"
)
_MARKS: Final = ", ".join("?" for _ in _COLUMNS.split(", "))
_SELECT: Final = f"SELECT {_COLUMNS} FROM intent WHERE account = ? AND "  # noqa: S608  # only constants are inserted
_ONE: Final = f"{_SELECT} endpoint = ? AND reference = ?"
_BY_REFERENCE: Final = f"{_SELECT} reference = ? ORDER BY endpoint"
_OPEN: Final = f"{_SELECT} state IN ('sending', 'unknown') ORDER BY created_at"
_NEWEST: Final = f"SELECT {_COLUMNS} FROM intent WHERE account = ? ORDER BY created_at DESC LIMIT ?"  # noqa: S608  # only constants are inserted
_SENDING: Final = f"{_SELECT} state = 'sending'"
_SHARED: Final = (
    "SELECT count(*) FROM intent AS one JOIN intent AS other USING (endpoint, reference)"
    " WHERE one.account = ? AND other.account = ?"
)
_INSERT: Final = f"REPLACE INTO intent ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608  # only constants are inserted


class SqliteIntents(ProcessBound):
    """A store of `Intents` in one file on a local disk, for all threads, event loops and processes of this machine.

    Each record is on the disk (fsync) before its call is sent. Only the file's owner may read the file (mode 0600),
    because recorded answers contain personal data. With `keep_answers=False`, answers are not stored.
    """

    def __init__(
        self,
        path: str | Path,
        account: str = DEFAULT_ACCOUNT,
        *,
        keep_answers: bool = True,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Creates the file if it does not exist.

        Raises `ConfigurationError` if the file cannot be created or opened, if it is not an intents store of this user,
        or if the account's name cannot be stored.
        """
        from paycombat_async._sqlite.file import SqliteFile  # noqa: PLC0415  # loads sqlite3
        from paycombat_async.intents.sqlite_file import INTENTS_FILE  # noqa: PLC0415  # loads sqlite3

        self.account = account
        self._path = Path()  # If `path` is refused below, an error reporter may call `repr`, which reads `_path`.
        where = file_path(path, "SqliteIntents takes the path of a file (PostgresIntents takes a connection string)")
        if str(where) == ":memory:":
            raise ConfigurationError("SqliteIntents needs a file; MemoryIntents keeps intents in memory")
        self._path = where.absolute()
        check_account(account)
        self._keep_answers = keep_answers
        self._clock = clock
        self._file = SqliteFile(self._path, INTENTS_FILE)

    async def begin(self, new: NewIntent) -> Begun:
        return await self._in_thread(self._begin, new)

    async def settle(self, settlement: Settlement) -> bool:
        return is_storable(settlement.reference) and await self._in_thread(self._settle, settlement)

    async def find(self, reference: str) -> list[Intent]:
        return await self._in_thread(self._select, _BY_REFERENCE, reference) if is_storable(reference) else []

    async def unresolved(self, *, older_than: float = 0) -> list[Intent]:
        return await self._in_thread(self._in, IntentState.UNKNOWN, older_than)

    async def sending(self, *, older_than: float = 0) -> list[Intent]:
        return await self._in_thread(self._in, IntentState.SENDING, older_than)

    async def recent(self, *, limit: int) -> list[Intent]:
        return await self._in_thread(self._select, _NEWEST, check_limit(limit))

    async def move(self, source: str, target: str) -> int:
        check_move(source, target)
        return (await self._in_thread(self._move, source, target)).total(source, target)

    async def forget(self, *, days: float) -> int:
        return await self._in_thread(self._forget, self._clock.now() - timedelta(days=check_days(days)).total_seconds())

    async def aclose(self) -> None:
        """Closes the file. The next use of the store opens the file again."""
        self._file.close()

    def __repr__(self) -> str:
        return f"SqliteIntents({str(self._path)!r}, account={self.account!r})"

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `work` in a thread, because a commit waits for the disk, and returns the result of `work`."""
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, and code that only signs does not need it

        return await asyncio.to_thread(work, *args, **kwargs)

    def _begin(self, new: NewIntent) -> Begun:
        check_reference(new.reference)
        with self._file.transaction() as connection:
            standing = self._record(connection, new.endpoint, new.reference)
            now = self._now()
            written = transitions.begin(standing, new, self.account, now)
            record = written or standing
            assert record is not None  # noqa: S101  # `begin` returns None only if there is a record
            if written is not None:
                connection.execute(_INSERT, _row(written, new.owner))
        return Begun(record.at(now), may_send=written is not None)

    def _settle(self, settlement: Settlement) -> bool:
        with self._file.transaction() as connection:
            standing = self._record(connection, settlement.endpoint, settlement.reference)
            written = transitions.settle(standing, settlement, self._now())
            if written is None:
                return False
            settled = written.intent
            connection.execute(
                "UPDATE intent SET state = ?, settled_at = ?, object_id = ?, evidence = ?, answer = ?"
                " WHERE account = ? AND endpoint = ? AND reference = ?",
                [
                    settled.state,
                    _seconds(settled.settled_at),
                    settled.object_id,
                    settled.evidence,
                    settled.answer if self._keep_answers else None,
                    self.account,
                    settled.endpoint,
                    settled.reference,
                ],
            )
        return True

    def _select(self, query: str, value: object) -> list[Intent]:
        with self._file.reading() as connection:
            now = self._now()
            return [self._record_of(row).at(now) for row in connection.execute(query, [self.account, value])]

    def _in(self, state: IntentState, older_than: float) -> list[Intent]:
        check_age(older_than)
        with self._file.reading() as connection:
            now = self._now()
            found = [self._record_of(row) for row in connection.execute(_OPEN, [self.account])]
        return [record.at(now) for record in found if transitions.is_in(state, record, older_than, now)]

    def _move(self, source: str, target: str) -> transitions.Move:
        with self._file.transaction() as connection:
            now = self._now()
            sending = (self._record_of(row).at(now) for row in connection.execute(_SENDING, [source]))
            under_way = sum(intent.state is IntentState.SENDING for intent in sending)
            (shared,) = connection.execute(_SHARED, [source, target]).fetchone()
            moved = 0
            if not under_way and not shared:
                moved = connection.execute("UPDATE intent SET account = ? WHERE account = ?", [target, source]).rowcount
        return transitions.Move(under_way, shared, moved)

    def _forget(self, before: float) -> int:
        with self._file.transaction() as connection:
            return connection.execute(
                "DELETE FROM intent WHERE account = ? AND settled_at < ?", [self.account, before]
            ).rowcount

    def _record(self, connection: "sqlite3.Connection", endpoint: str, reference: str) -> Record | None:
        row = connection.execute(_ONE, [self.account, endpoint, reference]).fetchone()
        return None if row is None else self._record_of(row)

    # The row is a tuple of Any because SQLite's values have no static types.
    def _record_of(self, row: tuple[Any, ...]) -> Record:
        *values, _owner = row
        try:
            return transitions.record_of(values, _moment)
        except transitions.DamagedRecord as damaged:
            problem = str(damaged)
        raise StoreFailed(f"the intents store {self._path} {problem}")

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)


def _row(record: Record, owner: str) -> list[object]:
    intent = record.intent
    return [
        *(intent.account, intent.endpoint, intent.reference, intent.state, intent.attempt, intent.body_digest),
        *(_seconds(intent.created_at), _seconds(intent.settled_at), intent.object_id, intent.evidence),
        *(msgspec.json.encode(intent.expected).decode(), intent.answer, _seconds(record.leased_until), owner),
    ]


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
