"""`paycombat db`: the tables of the intents store in PostgreSQL."""

import asyncio

import click

from paycombat_async.cli.stores import failures, open_postgres, schema_option
from paycombat_async.intents.intent import DEFAULT_ACCOUNT
from paycombat_async.intents.postgres_tables import INTENT_STEPS


@click.group()
def db() -> None:
    """The tables of the intents store in PostgreSQL: create them, bring them up to date, check them.

    URL is postgresql://USER@HOST/DATABASE. Others on this machine can read a password on the command line: leave
    URL out and set PAYCOMBAT_DATABASE_URL instead.

    \b
    Examples:
      paycombat db migrate postgresql://app@db.internal/shop
      paycombat db status postgresql://app@db.internal/shop

    Exit codes: 0 done, 1 the database failed or its tables are of another version, 2 usage or configuration.
    """


@db.command()
@click.argument("url", required=False)
@schema_option
def migrate(url: str | None, schema: str) -> None:
    """Create the tables, or bring them up to the version that this release needs. Safe to repeat.

    \b
    Example:
      paycombat db migrate postgresql://app@db.internal/shop
    """
    with failures():
        version = asyncio.run(_migrate(url, schema))
    click.echo(f"The tables are of version {version}.")


@db.command()
@click.argument("url", required=False)
@schema_option
def status(url: str | None, schema: str) -> int:
    """Print the version of the tables and the version that this release needs; exit with 1 if they differ.

    \b
    Example:
      paycombat db status postgresql://app@db.internal/shop
    """
    with failures():
        version, needed = asyncio.run(_versions(url, schema))
    found = f"of version {version}" if version else "missing"
    click.echo(f"The tables are {found}; version {needed} is needed.")
    return 0 if version == needed else 1


async def _migrate(url: str | None, schema: str) -> int:
    store = open_postgres(url, DEFAULT_ACCOUNT, schema)
    try:
        await store.migrate()
        return await store.version()
    finally:
        await store.aclose()


async def _versions(url: str | None, schema: str) -> tuple[int, int]:
    store = open_postgres(url, DEFAULT_ACCOUNT, schema)
    try:
        return await store.version(), len(INTENT_STEPS)
    finally:
        await store.aclose()
