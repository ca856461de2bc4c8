"""`paycombat customers forget`: deletes a run in PostgreSQL that is over."""

import asyncio

import click

from paycombat_async._printable import printable
from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.cli.stores import failures, postgres_url, schema_option


@click.command()
@click.option("--journal", "url", metavar="URL", help="postgresql://USER@HOST/DATABASE  [default: by environment]")
@click.option("--run", "run", metavar="NAME", required=True, help="The run of this name.")
@click.option("--unfinished", is_flag=True, help="Delete the run even if rows are pending.")
@schema_option
def forget(url: str | None, run: str, schema: str, *, unfinished: bool) -> None:
    """Delete a run in PostgreSQL, with its rows and its rate, after all machines have ended.

    The same file is then a new run, and all its rows are sent again. Other users of this machine can read a password
    on the command line: leave --journal out and set PAYCOMBAT_DATABASE_URL instead.

    \b
    Example:
      paycombat customers forget --run crm-2026-11-28

    Exit codes: 0 deleted, 1 the database failed, 2 usage or configuration, there is no such run, it is not over, or a
    machine works on it.
    """
    with failures():
        deleted = asyncio.run(_delete(postgres_url(url), run, schema, unfinished=unfinished))
    click.echo(f"{printable(run)}: {deleted:,} {'row is' if deleted == 1 else 'rows are'} deleted.")


async def _delete(url: str, run: str, schema: str, *, unfinished: bool) -> int:
    journal = PostgresJournal(url, run, schema=schema)
    try:
        await journal.status()  # raises an error if there is no such run, as after a mistake in the name
        return await journal.forget(unfinished=unfinished)
    finally:
        await journal.aclose()
