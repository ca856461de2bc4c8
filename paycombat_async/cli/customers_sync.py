"""`paycombat customers sync`: updates the customers of a file."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import click

from paycombat_async._printable import printable
from paycombat_async.batch.rows.columns import Empty
from paycombat_async.batch.rows.file import FileFormat, RowFile, open_rows
from paycombat_async.cli.customers_journal import FILE as _FILE
from paycombat_async.cli.customers_journal import FilePath, JournalType, prepare_dask, shared_journal
from paycombat_async.cli.display import show_advice, show_summary
from paycombat_async.cli.options import base_url_option, proxy_option
from paycombat_async.cli.refusal import UsageRefused, refusals
from paycombat_async.cli.stores import schema_option
from paycombat_async.cli.sync_run import SyncJob, carry_out, dry_run
from paycombat_async.errors import ConfigurationError, StoreFailed

_DELIMITERS: Final = {"tab": "\t", "\\t": "\t"}  # names for a tab, which is hard to type in a shell
_STANDARD_INPUT: Final = Path("-")

_HELP = """Update every customer in FILE, a CSV or JSONL file that may be gzipped; - is standard input.

CSV: the first row names the columns, with dots for nested fields: customer_id, description, company.name,
individual.first_name, company.authorized_user.email, metadata.anything. An empty cell leaves its field unchanged,
<clear> clears it; with --empty clear an empty cell clears it, <keep> leaves it unchanged, and no cell may be left out
at the end of a row. Semicolons and tabs are recognized by the header.

JSONL: one object per line, as the API takes it; absent fields stay unchanged, "" clears a field.

A row that is invalid or refused is listed with its line and the reason, and the other rows are sent; correct it in the
failures file, and sync that file. The failures of a later run do not overwrite a file with corrections. A row with
nothing to change is not sent. The journal beside FILE lets a run that was killed continue: run the same command again.
A row that was sent before is skipped if it is still the same in FILE; --all sends these rows again.

With --journal postgresql://USER@HOST/DATABASE, the same command on several machines carries out one run: each machine
takes rows that no other has, and --rate is the rate of all together. With --run NAME alone, the URL is taken from
PAYCOMBAT_DATABASE_URL, so that no password is on the command line. With --dask as well, this command copies the rows
into the database, and the workers of a Dask cluster carry them out: they take credentials and PAYCOMBAT_DATABASE_URL
from their own environment.

\b
Examples:
  paycombat customers sync customers.csv --sandbox     try it, without an account
  paycombat customers sync customers.csv --dry-run     what would be sent?
  paycombat customers sync customers.csv               do it, or continue after an interruption
  paycombat customers sync customers.failed.csv        the failures, once corrected
  paycombat customers sync export.csv --encoding cp1252 --strict
  paycombat customers sync customers.csv --run crm-2026-11-28 --rate 200     on each machine
  psql --csv -f rows.sql | paycombat customers sync - --journal rows.journal

\b
Exit codes:
  0    every row is done
  1    rows failed, or the run stopped early
  2    usage, file, journal, database, cluster or credentials are wrong
  3    rows with unknown outcome are left: run it again
  130  interrupted
  143  terminated (SIGTERM)
"""


@click.command(help=_HELP)
@click.argument("file", type=FilePath())
@click.option(
    "--journal",
    type=JournalType(),
    help="Path of the journal, or postgresql://…  [default: FILE.journal; none for standard input or --sandbox]",
)
@click.option("--run", "run", metavar="NAME", help="Name of the run in PostgreSQL.  [default: the name of FILE]")
@schema_option
@click.option("--no-journal", is_flag=True, help="Keep no journal: a killed run starts again from the first row.")
@click.option("--dask", metavar="ADDRESS", help="Carry out the run on a Dask cluster, or on processes here: local.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Workers of the cluster to use.  [default: all]")
@click.option("--account", metavar="NAME", help="Name the account in the journal, so that its token may be replaced.")
@click.option("--all", "send_all", is_flag=True, help="Send rows again that the journal says are done.")
@click.option("--failed", type=_FILE, help="Path of the failures file.  [default: NAME.failed.csv beside FILE]")
@click.option("--concurrency", type=click.IntRange(1, 1000), default=64, show_default=True, help="Concurrent calls.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="N", help="At most N requests per second.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Check the file and show what would be sent; send nothing.")
@click.option("--strict", is_flag=True, help="Refuse rows that a spreadsheet seems to have damaged (8.21E+11, #N/A).")
@click.option(
    "--empty",
    type=click.Choice(["keep", "clear"]),
    default="keep",
    show_default=True,
    help="What an empty CSV cell does to its field.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "jsonl"]),
    help="The format of FILE, if its name does not end in .csv, .tsv or .jsonl.",
)
@click.option("--delimiter", metavar="CHARACTER", help="What separates CSV cells, or tab.  [default: by the header]")
@click.option("--encoding", metavar="NAME", help="Such as cp1252, cp949, gbk.  [default: UTF-8, or by its mark UTF-16]")
@click.option("--sandbox", is_flag=True, help="Run against a local sandbox inside this command; needs no account.")
@base_url_option
@proxy_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.001),
    default=30.0,
    show_default=True,
    help="Seconds per call, with retries.",
)
def sync(
    file: Path,
    *,
    journal: Path | str | None,
    run: str | None,
    schema: str,
    dask: str | None,
    workers: int | None,
    no_journal: bool,
    account: str | None,
    failed: Path | None,
    sandbox: bool,
    base_url: str | None,
    proxy: str | None,
    is_dry: bool,
    strict: bool,
    empty: Empty,
    file_format: FileFormat | None,
    delimiter: str | None,
    encoding: str | None,
    send_all: bool,
    concurrency: int,
    rate: float | None,
    timeout: float,
) -> int:
    """Updates the customers of the file, or only checks it in a dry run. Returns the exit code."""
    _check_exclusive(("--journal", journal), ("--no-journal", no_journal))
    _check_exclusive(("--sandbox", sandbox), ("--base-url", base_url))
    _check_exclusive(("--sandbox", sandbox), ("--proxy", proxy))
    _check_exclusive(("--run", run), ("--no-journal", no_journal))
    for name, value in (
        ("--sandbox", sandbox),
        ("--proxy", proxy),
        ("--dry-run", is_dry),
        ("--timeout", timeout != 30),
    ):
        _check_exclusive(("--dask", dask), (name, value))
    with refusals():
        shared = shared_journal(journal, run, file, schema, rate)
        if dask is not None:
            prepare_dask(shared, journal)
        rows = open_rows(
            sys.stdin.buffer if file == _STANDARD_INPUT else file,
            file_format=file_format,
            empty=empty,
            delimiter=None if delimiter is None else _DELIMITERS.get(delimiter, delimiter),
            encoding=encoding,
            strict=strict,
        )
        own = journal if isinstance(journal, Path) else None
        job = SyncJob(
            rows=rows,
            journal=None if no_journal else shared or own or _default_journal(file, sandbox=sandbox),
            failed=failed or _default_failed(file, rows),
            send_all=send_all,
            account=account,
            concurrency=concurrency,
            rate=rate,
            sandbox=sandbox,
            base_url=base_url,
            proxy=proxy,
            timeout=timeout,
            dask=dask,
            workers=workers,
        )
        try:
            report = asyncio.run(dry_run(job) if is_dry else carry_out(job))
        except StoreFailed as error:  # the database failed before anything was sent
            raise ConfigurationError(str(error)) from None
    show_summary(report, printable(rows.name))
    show_advice(report, job.failed, has_journal=job.journal is not None, send_all=send_all)
    return report.exit_code


def _check_exclusive(first: tuple[str, object], second: tuple[str, object]) -> None:
    if first[1] and second[1]:
        raise UsageRefused(f"{first[0]} and {second[0]} exclude each other")


def _default_journal(file: Path, *, sandbox: bool) -> Path | None:
    """Returns the path of the journal beside the file, or None for standard input and for a run against a sandbox.

    A sandbox ends with the run, so no later run could use the journal.
    """
    return None if sandbox or file == _STANDARD_INPUT else file.with_name(f"{file.name}.journal")


def _default_failed(file: Path, rows: RowFile) -> Path:
    if file == _STANDARD_INPUT:
        return Path(f"stdin.failed.{rows.file_format}")
    plain = file.with_suffix("") if file.suffix.lower() == ".gz" else file
    return plain.with_name(f"{plain.stem}.failed{plain.suffix}")
