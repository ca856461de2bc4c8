"""`paycombat customers status`: shows how many rows the runs in PostgreSQL have sent, and how many are left."""

import asyncio

import click

from paycombat_async._printable import printable
from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.batch.postgres.status import RunStatus
from paycombat_async.cli.stores import failures, postgres_url, schema_option


@click.command()
@click.option("--journal", "url", metavar="URL", help="postgresql://USER@HOST/DATABASE  [default: by environment]")
@click.option("--run", "run", metavar="NAME", help="Only the run of this name.  [default: all]")
@schema_option
def status(url: str | None, run: str | None, schema: str) -> None:
    """Show how many rows of each run in PostgreSQL are done, and how many machines work on the run.

    Other users of this machine can read a password on the command line: leave --journal out and set
    PAYCOMBAT_DATABASE_URL instead.

    \b
    Examples:
      paycombat customers status --journal postgresql://app@db.internal/shop
      watch paycombat customers status --run crm-2026-11-28

    Exit codes: 0 shown, 1 the database failed, 2 usage or configuration, or there is no such run.
    """
    with failures():
        found = asyncio.run(_look_up(postgres_url(url), run, schema))
    for one in found:
        click.echo("\n".join(_lines(one)))
    if not found:
        click.echo("There are no runs in this database.")


async def _look_up(url: str, run: str | None, schema: str) -> list[RunStatus]:
    journal = PostgresJournal(url, run or "all", schema=schema)
    try:
        return await journal.runs() if run is None else [await journal.status()]
    finally:
        await journal.aclose()


def _lines(status: RunStatus) -> list[str]:
    if status.is_over:
        state = "finished"
    elif status.machines:
        state = f"{status.machines} {'machine is' if status.machines == 1 else 'machines are'} at work"
    else:
        state = "no machine is at work; the same command continues it"
    counts = {
        "updated": status.updated,
        "skipped": status.unchanged,
        "failed": status.failed,
        "unknown": status.unknown,
        "not sent yet": status.pending,
    }
    shown = [f"{count:>12,} {name}" for name, count in counts.items() if count or name == "updated"]
    return [f"{printable(status.run)}: {status.rows:,} rows, {state}", *shown]
