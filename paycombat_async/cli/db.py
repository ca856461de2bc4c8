"""`paycombat db`: creates and checks the PostgreSQL tables for recorded calls, webhooks, rate limits and batch runs."""

import asyncio
from typing import Final

import click

from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.batch.postgres.tables import BATCH_STEPS
from paycombat_async.cli.stores import failures, postgres_url, schema_option
from paycombat_async.intents.postgres import PostgresIntents
from paycombat_async.intents.postgres_tables import INTENT_STEPS
from paycombat_async.limiters.postgres import PostgresLimiter
from paycombat_async.limiters.postgres_tables import LIMITER_STEPS
from paycombat_async.webhooks.inboxes.postgres import PostgresInbox
from paycombat_async.webhooks.inboxes.postgres_tables import INBOX_STEPS

_NEEDED: Final = {
    "intents": len(INTENT_STEPS),
    "inbox": len(INBOX_STEPS),
    "limiter": len(LIMITER_STEPS),
    "batch": len(BATCH_STEPS),
}


@click.group()
def db() -> None:
    """Create, update or check the PostgreSQL tables of intents store, inbox, limiter and batch journal.

    URL is postgresql://USER@HOST/DATABASE. Other users of this machine can read a password on the command line:
    leave URL out and set PAYCOMBAT_DATABASE_URL instead.

    \b
    Examples:
      paycombat db migrate postgresql://app@db.internal/shop
      paycombat db status postgresql://app@db.internal/shop

    Exit codes: 0 done, 1 the database failed or tables are of another version, 2 usage or configuration.
    """


@db.command()
@click.argument("url", required=False)
@schema_option
def migrate(url: str | None, schema: str) -> None:
    """Create the tables, or bring them up to the versions that this release needs. Safe to repeat.

    \b
    Example:
      paycombat db migrate postgresql://app@db.internal/shop
    """
    with failures():
        versions = asyncio.run(_versions(url, schema, is_migrating=True))
    for name, version in versions.items():
        click.echo(f"{name}: the tables are of version {version}.")


@db.command()
@click.argument("url", required=False)
@schema_option
def status(url: str | None, schema: str) -> int:
    """Print the versions of the tables and the versions that this release needs; exit with 1 if they differ.

    \b
    Example:
      paycombat db status postgresql://app@db.internal/shop
    """
    with failures():
        versions = asyncio.run(_versions(url, schema, is_migrating=False))
    for name, version in versions.items():
        found = f"of version {version}" if version else "missing"
        click.echo(f"{name}: the tables are {found}; version {_NEEDED[name]} is needed.")
    return 0 if versions == _NEEDED else 1


async def _versions(url: str | None, schema: str, *, is_migrating: bool) -> dict[str, int]:
    """Returns the version of the tables of each component (such as "intents"); 0 means that the tables are missing.

    With `is_migrating`, creates or updates the tables first.
    """
    dsn = postgres_url(url)
    stores: dict[str, PostgresIntents | PostgresInbox | PostgresLimiter | PostgresJournal] = {
        "intents": PostgresIntents(dsn, schema=schema),
        "inbox": PostgresInbox(dsn, schema=schema),
        "limiter": PostgresLimiter(dsn, "version", 1, schema=schema),
        "batch": PostgresJournal(dsn, "version", schema=schema),
    }
    try:
        if is_migrating:
            for store in stores.values():
                await store.migrate()
        return {name: await store.version() for name, store in stores.items()}
    finally:
        for store in stores.values():
            await store.aclose()
