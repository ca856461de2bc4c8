"""Creates, checks and queries the tables of one store in PostgreSQL. This module can be imported without psycopg."""

import importlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from paycombat_async._postgres.scripts import Script, play
from paycombat_async._secrets import Secret
from paycombat_async.errors import ConfigurationError

if TYPE_CHECKING:
    from paycombat_async._postgres.blocking import BlockingConnections, LentConnections
    from paycombat_async._postgres.database import Database
    from paycombat_async._postgres.given import RawConnection
    from paycombat_async._postgres.pool import Connection, Pool
    from paycombat_async._postgres.threaded import BlockingPool

T = TypeVar("T")

DEFAULT_SCHEMA: Final = "paycombat"
# PostgreSQL cuts names off after 63 bytes, and reserves names that begin with "pg_".
_IDENTIFIER: Final = re.compile(r"(?!pg_|information_schema$)[a-z_][a-z0-9_]{0,62}")

ASYNC_POOL: Final = "AsyncConnectionPool"
BLOCKING_POOL: Final = "ConnectionPool"
_ENTERED_BY: Final = {ASYNC_POOL: "__aenter__", BLOCKING_POOL: "__enter__"}

# With synchronous_commit "on", a commit waits until the data is on disk. The setting "remote_apply" is kept, because it
# is even safer.
_SYNCED: Final = (
    "set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
    " WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)"
)
# Each statement that writes has these settings in its FROM clause. When the statement returns, its data is on disk. The
# statement waits for a lock for 3 seconds at most, which is less than LEASE_MARGIN_S, the time for writing the outcome
# of a call. The settings are inside the statement, so that it needs no transaction of several statements: if a process
# died within such a transaction, the transaction could stay open and hold its locks.
DURABLE_SETTINGS: Final = f"{_SYNCED}, set_config('lock_timeout', '3s', true)"
DURABLE: Final = f"(SELECT {DURABLE_SETTINGS}) AS durable"
# Inside a transaction of the caller, lock_timeout is not set, because it would also limit the caller's own statements.
_DURABLE_WITHIN: Final = f"(SELECT {_SYNCED}) AS durable"
# A transaction of `execute_locked` may take this number of seconds, because it may change millions of rows.
_LOCKED_S: Final = 60.0

# With a stricter isolation level, a transaction would not see what others committed while it waited for its locks.
_BEFORE_LOCKS: Final = ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET LOCAL lock_timeout = '3s'")


class Tables:
    """The tables of one store, in one schema of a database. Every statement names the schema as `{schema}`."""

    def __init__(
        self,
        source: "Secret | Pool | BlockingPool",
        schema: str,
        *,
        owner: str,
        kind: str,
        component: str,
        steps: tuple[tuple[str, ...], ...],
        pool: str = ASYNC_POOL,
    ) -> None:
        """Takes as `source` the connection string in a secret, or the user's own pool.

        - `pool`: the name of psycopg's class of pools that `source` may be, such as "AsyncConnectionPool".
        - `owner`: the name of the class that users know, such as "PostgresIntents".
        - `kind`: what that class is, such as "intents store".
        - `component`: the name under which the version of these tables is stored, such as "intents".
        - `steps`: the SQL statements of each migration, in the order of the versions.

        Raises `ConfigurationError` if psycopg is missing, if the schema or the connection string is invalid, or if the
        pool is of another class.
        """
        self.schema = _check_schema(schema)
        self.database = _open_database(source, owner, kind, pool)
        self._is_checked = False

        from paycombat_async._postgres import migrations  # noqa: PLC0415  # needs psycopg, which is optional

        self._migrator = migrations
        self._migrations = migrations.Migrations(schema, component, steps)

    # The rows are tuples of Any because PostgreSQL's values have no static types.
    async def execute(self, text: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Executes one statement as a transaction of its own, and returns its rows.

        Raises `StoreFailed` if the database fails, or if the tables do not have the version that this release needs.
        """
        from paycombat_async._postgres.database import fetch  # noqa: PLC0415  # needs psycopg

        await self.check()
        sql = self.sql(text)
        return await self.database.run(lambda connection: fetch(connection, sql, values))

    # The rows are tuples of Any because PostgreSQL's values have no static types.
    async def execute_locked(self, lock: str, text: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Executes two statements in one transaction, and returns the rows of the second one.

        The statement `lock` takes locks. The statement `text`, which runs after it, sees everything that others have
        committed before the locks were granted. Raises `StoreFailed` if the database fails, or if the tables do not
        have the version that this release needs.
        """
        from paycombat_async._postgres.database import fetch  # noqa: PLC0415  # needs psycopg

        await self.check()

        async def work(connection: "Connection") -> list[tuple[Any, ...]]:
            async with connection.transaction():
                for setting in _BEFORE_LOCKS:
                    await fetch(connection, self.sql(setting))
                await fetch(connection, self.sql(lock), values)
                return await fetch(connection, self.sql(text), values)

        return await self.database.run(work, _LOCKED_S)

    async def run(self, make_script: Callable[[], Script[T]]) -> T:
        """Runs a script of SQL statements and returns its result. Each statement is a transaction of its own.

        `make_script` is called for each attempt, because a script can run only once. Raises `StoreFailed` if the
        database fails, or if the tables do not have the version that this release needs.
        """
        await self.check()
        return await self.database.run(lambda connection: self._play(connection, make_script(), self.sql))

    async def run_within(self, connection: "Connection", script: Script[T]) -> T:
        """Runs a script of SQL statements in the open transaction of `connection`, and returns its result.

        Raises `StoreFailed` if the database fails, or if the tables do not have the version that this release needs.
        """
        from paycombat_async._postgres.errors import translated  # noqa: PLC0415  # needs psycopg

        await self.check()
        with translated(self.database.failure):
            return await self._play(connection, script, self.sql_within)

    def blocking_connections(self, source: "Secret | BlockingPool") -> "BlockingConnections | LentConnections":
        """Returns an object that lends blocking connections.

        If `source` is the user's pool, the connections are from this pool. If `source` is a connection string, the
        object opens the connections itself.
        """
        from paycombat_async._postgres.blocking import BlockingConnections, LentConnections  # noqa: PLC0415  # psycopg

        if isinstance(source, Secret):
            return BlockingConnections(source, self.database.failure)
        return LentConnections(source, self.database.failure)

    def blocking_connection(self, connection: object) -> "RawConnection":
        """Returns `connection` if it is psycopg's, or the psycopg connection that a connection of Django contains.

        Raises `ConfigurationError` for any other object. A connection in autocommit mode is refused, too, if no
        transaction is open, because it would commit each statement.
        """
        from paycombat_async._postgres.given import blocking_connection  # noqa: PLC0415  # needs psycopg

        return blocking_connection(connection)

    def check_transaction(self, connection: object) -> None:
        """Raises `ConfigurationError` if `connection` is not an `AsyncConnection` of psycopg.

        A connection in autocommit mode is refused, too, if no transaction is open, because it would commit each
        statement.
        """
        from paycombat_async._postgres.given import check_async  # noqa: PLC0415  # needs psycopg

        check_async(connection)

    def play_within(self, connection: "RawConnection", script: Script[T]) -> T:
        """Runs a script of SQL statements in the open transaction of a blocking connection, and returns its result.

        Does not check the version of the tables, so call `check` before. Raises `StoreFailed` if the database fails.
        """
        from paycombat_async._postgres.blocking import executor  # noqa: PLC0415  # needs psycopg, as the next line does
        from paycombat_async._postgres.errors import translated  # noqa: PLC0415

        with translated(self.database.failure):
            return play(script, executor(connection, self.sql_within))

    def sql(self, text: str) -> bytes:
        """Returns the statement with `{schema}` replaced by the name of the schema."""
        return self._migrator.statement(text, self.schema)

    def sql_within(self, text: str) -> bytes:
        """Returns a statement to execute inside a transaction of the caller, with the name of the schema in it.

        The setting `lock_timeout` is removed from the statement, because it would also apply to the caller's
        statements.
        """
        return self.sql(text.replace(DURABLE, _DURABLE_WITHIN))

    @property
    def is_checked(self) -> bool:
        """Whether `check` has already found that the tables have the version that this release needs."""
        return self._is_checked

    async def check(self) -> None:
        """Raises `StoreFailed` if the tables do not have the version that this release needs.

        After a first success, further calls do nothing.
        """
        if not self._is_checked:
            await self._migrator.check_tables(self.database, self._migrations)
            self._is_checked = True

    async def migrate(self) -> None:
        """Creates the tables, or updates them. Safe to repeat, and to call in many processes at the same time.

        Raises `StoreFailed` if the database fails, or if the tables are from a later release.
        """
        await self._migrator.migrate(self.database, self._migrations)

    async def version(self) -> int:
        """Returns the version of the tables, or 0 if they do not exist. Raises `StoreFailed` if the database fails."""
        return await self._migrator.read_version(self.database, self._migrations)

    async def _play(self, connection: "Connection", script: Script[T], sql: Callable[[str], bytes]) -> T:
        from paycombat_async._postgres.database import fetch  # noqa: PLC0415  # needs psycopg

        try:
            text, values = next(script)
            while True:
                text, values = script.send(await fetch(connection, sql(text), values))
        except StopIteration as end:
            result: T = end.value
            return result

    async def aclose(self) -> None:
        """Closes the connections, unless they are in the user's own pool. The next use opens new ones."""
        await self.database.aclose()


async def delete_repeatedly(delete: Callable[[], Awaitable[int]], at_once: int) -> int:
    """Deletes rows in many short statements, because one long statement would block other programs.

    `delete` deletes at most `at_once` rows and returns their number. It is called until it deletes fewer than `at_once`
    rows. Returns the total number of deleted rows.
    """
    total = deleted = await delete()
    while deleted == at_once:
        deleted = await delete()
        total += deleted
    return total


def _check_schema(schema: object) -> str:
    if not isinstance(schema, str) or _IDENTIFIER.fullmatch(schema) is None:
        raise ConfigurationError(
            "the schema must be a plain identifier: at most 63 lower-case letters, digits and underscores,"
            " no digit first and none of PostgreSQL's own names"
        )
    return schema


def _open_database(source: "Secret | Pool | BlockingPool", owner: str, kind: str, pool: str) -> "Database":
    try:
        importlib.import_module("psycopg")
    except ImportError:  # psycopg or its library libpq is not installed
        raise ConfigurationError(f"{owner} needs psycopg: pip install 'paycombat[postgres]'") from None
    if not isinstance(source, Secret) and not (hasattr(source, "connection") and hasattr(source, _ENTERED_BY[pool])):
        raise ConfigurationError(f"{owner} needs a connection string or a pool of psycopg: {pool}")

    from paycombat_async._postgres.database import Database  # noqa: PLC0415  # needs psycopg

    return Database(source, kind)
