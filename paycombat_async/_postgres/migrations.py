"""Numbered migrations of one component's tables. Each is applied once and in order, even by many processes."""

from typing import Final, NamedTuple

from paycombat_async._postgres.database import Database, fetch
from paycombat_async._postgres.errors import NO_TABLES
from paycombat_async._postgres.pool import Connection

# All migrations together may take this number of seconds, including the wait for another process that runs them.
MIGRATE_S: Final = 60

# The number of the advisory lock that a process holds while it migrates. The bytes of the number are "paycomba" in
# ASCII, because another program will hardly use the same number.
_LOCK: Final = 0x7061_7963_6F6D_6261

_BEGIN: Final = (
    # With this isolation level, each statement sees what other transactions have committed before it.
    b"SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    b"SET LOCAL lock_timeout = '30s'",
)
_VERSIONS: Final = (
    "CREATE TABLE IF NOT EXISTS {schema}.migration (component text NOT NULL, version integer NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (component, version))"
)


class Migrations(NamedTuple):
    """The tables of one component, such as "intents", in the named schema.

    `steps` holds the SQL statements of each migration; the first migration makes version 1. Once released, a migration
    is never changed.
    """

    schema: str
    component: str
    steps: tuple[tuple[str, ...], ...]

    @property
    def latest(self) -> int:
        """The version of the tables that this release of paycombat needs."""
        return len(self.steps)


def statement(text: str, schema: str) -> bytes:
    """Returns the SQL with `{schema}` replaced by the name of the schema.

    The name is not escaped, so the caller must check before that it is a plain identifier.
    """
    return text.replace("{schema}", f'"{schema}"').encode()


async def migrate(database: Database, migrations: Migrations) -> None:
    """Brings the tables to the version that this release needs, in one transaction.

    Safe to call in many processes at the same time. Raises `StoreFailed` if the database fails, or if the tables are
    from a later release.
    """

    async def work(connection: Connection) -> None:
        async with connection.transaction():
            for setting in _BEGIN:
                await fetch(connection, setting)
            await fetch(connection, b"SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _LOCK})
            version = await _version(connection, migrations)
            _refuse_newer(database, migrations, version)
            await _apply(connection, migrations, version)

    await database.run(work, MIGRATE_S)


async def read_version(database: Database, migrations: Migrations) -> int:
    """Returns the version of the tables, or 0 if they do not exist. Raises `StoreFailed` if the database fails."""
    return await database.run(lambda connection: _version(connection, migrations))


async def check_tables(database: Database, migrations: Migrations) -> None:
    """Raises `StoreFailed` if the tables do not exist, or are older or newer than this release needs."""
    version, needed = await read_version(database, migrations), migrations.latest
    _refuse_newer(database, migrations, version)
    if version == 0:
        raise database.failure(NO_TABLES)
    if version < needed:
        raise database.failure(
            f"has tables of version {version}, {needed} is needed; run `paycombat db migrate`, or its `migrate()`"
        )


def _refuse_newer(database: Database, migrations: Migrations, version: int) -> None:
    if version > migrations.latest:
        raise database.failure(
            f"has tables of version {version}, and this release of paycombat knows {migrations.latest} at most;"
            " upgrade paycombat"
        )


async def _version(connection: Connection, migrations: Migrations) -> int:
    # The query reads pg_tables, because to_regclass() uses a cache. The cache may not show a table that another process
    # created while this process waited for the lock, and this process would then try to create the table again.
    exists = b"SELECT true FROM pg_catalog.pg_tables WHERE schemaname = %(schema)s AND tablename = 'migration'"
    if not await fetch(connection, exists, {"schema": migrations.schema}):
        return 0
    newest = "SELECT coalesce(max(version), 0) FROM {schema}.migration WHERE component = %(component)s"
    component = {"component": migrations.component}
    ((version,),) = await fetch(connection, statement(newest, migrations.schema), component)
    return int(version)


async def _apply(connection: Connection, migrations: Migrations, version: int) -> None:
    schema = migrations.schema
    # CREATE SCHEMA IF NOT EXISTS needs the right to create schemas, even if the schema exists. A user without that
    # right can still migrate, because the statement is executed only if the schema does not exist.
    named = b"SELECT true FROM pg_namespace WHERE nspname = %(schema)s"
    if not await fetch(connection, named, {"schema": schema}):
        await fetch(connection, statement("CREATE SCHEMA {schema}", schema))
    if version < migrations.latest:
        await fetch(connection, statement(_VERSIONS, schema))
    done = "INSERT INTO {schema}.migration (component, version) VALUES (%(component)s, %(version)s)"
    for number, steps in enumerate(migrations.steps[version:], version + 1):
        for step in steps:
            await fetch(connection, statement(step, schema))
        await fetch(connection, statement(done, schema), {"component": migrations.component, "version": number})
