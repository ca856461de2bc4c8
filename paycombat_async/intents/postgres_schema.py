"""The tables of the intents store in PostgreSQL, as numbered migrations that are applied once, in order."""

from typing import Final

from paycombat_async.intents.postgres_database import Database, fetch
from paycombat_async.intents.postgres_errors import NO_TABLES
from paycombat_async.intents.postgres_pool import Connection

MIGRATE_S: Final = 60  # seconds for all migrations, including the wait for another process that runs them
_COMPONENT: Final = "intents"  # other parts of the SDK may have tables of their own in the same schema
_LOCK: Final = 0x7061_7963_6F6D_6261  # the bytes of "paycomba", which other programs' locks are unlikely to use

# The primary key prevents a second payment. Its columns have COLLATE "C" (byte order), because a system upgrade may
# change the sort order of a language, and a unique index in that order would then silently accept duplicates.
_FIRST: Final = (
    """
    CREATE TABLE {schema}.intent (
        account text COLLATE "C" NOT NULL,
        endpoint text COLLATE "C" NOT NULL,
        reference text COLLATE "C" NOT NULL,
        state text NOT NULL CHECK (state IN ('sending', 'applied', 'rejected', 'not_sent', 'unknown')),
        attempt integer NOT NULL,
        body_digest text NOT NULL,
        owner text NOT NULL,
        created_at timestamptz NOT NULL,
        leased_until timestamptz NOT NULL,
        settled_at timestamptz,
        object_id text,
        evidence text,
        expected json NOT NULL,
        answer bytea,
        PRIMARY KEY (account, reference, endpoint)
    )
    """,
    "CREATE INDEX intent_open ON {schema}.intent (account, created_at) WHERE state IN ('sending', 'unknown')",
    "CREATE INDEX intent_settled ON {schema}.intent (account, settled_at) WHERE settled_at IS NOT NULL",
)
MIGRATIONS: Final = (_FIRST,)  # the first makes version 1; a released migration is never changed
LATEST: Final = len(MIGRATIONS)

_BEGIN: Final = (
    b"SET TRANSACTION ISOLATION LEVEL READ COMMITTED",  # so that each statement sees what others have committed
    b"SET LOCAL lock_timeout = '30s'",
)
_VERSIONS: Final = (
    "CREATE TABLE IF NOT EXISTS {schema}.migration (component text NOT NULL, version integer NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (component, version))"
)


def statement(text: str, schema: str) -> bytes:
    """Returns the SQL with `{schema}` replaced by the name of the schema, which must be a checked identifier."""
    return text.replace("{schema}", f'"{schema}"').encode()


async def migrate(database: Database, schema: str) -> None:
    """Brings the tables to the version that this release needs, in one transaction; safe in many processes at once.

    Raises `StoreFailed` if that fails, or if the tables are from a later release.
    """

    async def work(connection: Connection) -> None:
        async with connection.transaction():
            for setting in _BEGIN:
                await fetch(connection, setting)
            await fetch(connection, b"SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _LOCK})
            version = await _version(connection, schema)
            refuse_newer(database, version)
            await _apply(connection, schema, version)

    await database.run(work, MIGRATE_S)


async def read_version(database: Database, schema: str) -> int:
    """Returns the version of the tables; 0 if there are none. Raises `StoreFailed` if it cannot be read."""
    return await database.run(lambda connection: _version(connection, schema))


async def check_tables(database: Database, schema: str) -> None:
    """Raises `StoreFailed` for missing tables, and for tables that are older or newer than this release needs."""
    version = await read_version(database, schema)
    refuse_newer(database, version)
    if version == 0:
        raise database.failure(NO_TABLES)
    if version < LATEST:
        raise database.failure(f"has tables of version {version}, {LATEST} is needed; run `await store.migrate()`")


def refuse_newer(database: Database, version: int) -> None:
    """Raises `StoreFailed` if the tables were made by a later release."""
    if version > LATEST:
        raise database.failure(
            f"has tables of version {version}, and this release of paycombat knows {LATEST} at most; upgrade paycombat"
        )


async def _version(connection: Connection, schema: str) -> int:
    # The query reads pg_tables, because to_regclass() uses a cache, which may not show a table that another process
    # created while this one waited for the lock; this one would then try to create it again.
    exists = b"SELECT true FROM pg_catalog.pg_tables WHERE schemaname = %(schema)s AND tablename = 'migration'"
    if not await fetch(connection, exists, {"schema": schema}):
        return 0
    newest = "SELECT coalesce(max(version), 0) FROM {schema}.migration WHERE component = %(component)s"
    ((version,),) = await fetch(connection, statement(newest, schema), {"component": _COMPONENT})
    return int(version)


async def _apply(connection: Connection, schema: str, version: int) -> None:
    # CREATE SCHEMA IF NOT EXISTS needs the right to create schemas even if the schema exists, so it is looked up first.
    named = b"SELECT true FROM pg_namespace WHERE nspname = %(schema)s"
    if not await fetch(connection, named, {"schema": schema}):
        await fetch(connection, statement("CREATE SCHEMA {schema}", schema))
    if version < LATEST:
        await fetch(connection, statement(_VERSIONS, schema))
    done = "INSERT INTO {schema}.migration (component, version) VALUES (%(component)s, %(version)s)"
    for number, steps in enumerate(MIGRATIONS[version:], version + 1):
        for step in steps:
            await fetch(connection, statement(step, schema))
        await fetch(connection, statement(done, schema), {"component": _COMPONENT, "version": number})
