"""`paycombat customers sync`: updates the customers of a file."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click

from paycombat_async._json.canonical import canonical_json
from paycombat_async._printable import printable
from paycombat_async._signals import is_terminated
from paycombat_async.batch.api import sync_customers
from paycombat_async.batch.report import BatchReport, Progress
from paycombat_async.batch.rows.columns import Empty
from paycombat_async.batch.rows.file import FileFormat, RowFile, open_rows
from paycombat_async.batch.rows.row import Row
from paycombat_async.cli.display import progress_shown, show_summary
from paycombat_async.cli.interrupts import interrupts
from paycombat_async.cli.refusal import UsageRefused, refusals
from paycombat_async.client import AsyncPayCombat

_SHOWN_BODIES = 3
_FILE = click.Path(path_type=Path, dir_okay=False)

_HELP = """Update every customer in FILE, a CSV or JSONL file.

CSV: the first row names the columns, with dots for nested fields: customer_id, description, company.name,
individual.first_name, company.authorized_user.email, metadata.anything. An empty cell leaves its field unchanged,
<clear> clears it; with --empty clear an empty cell clears it and <keep> leaves it unchanged.

JSONL: one object per line, as the API takes it; absent fields stay unchanged, "" clears a field.

A row that is invalid or refused is listed with its line and the reason, and the others continue. The journal
beside the file lets a run that was killed continue: run the same command again. Rows done before are skipped
while their content is the same; delete the journal to send them again.

\b
Examples:
  paycombat customers sync customers.csv --sandbox     try it, without an account
  paycombat customers sync customers.csv --dry-run     what would be sent?
  paycombat customers sync customers.csv               do it, or continue after an interruption
  paycombat customers sync customers.failed.csv        the failures, once corrected

\b
Exit codes:
  0    every row is done
  1    rows failed, or the run stopped early
  2    usage, file, journal or credentials are wrong
  3    rows with unknown outcome are left: run it again
  130  interrupted
  143  terminated (SIGTERM)
"""


@dataclass(frozen=True, slots=True)
class _Job:
    """The arguments of the command, with defaults filled in."""

    rows: RowFile
    journal: Path | None
    failed: Path
    concurrency: int
    rate: float | None
    sandbox: bool
    base_url: str | None
    timeout: float


@click.command(help=_HELP)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--journal", type=_FILE, help="Path of the journal.  [default: FILE.journal]")
@click.option("--no-journal", is_flag=True, help="Keep no journal: a killed run starts again from the first row.")
@click.option("--failed", type=_FILE, help="Path of the failures file.  [default: NAME.failed.csv beside FILE]")
@click.option("--concurrency", type=click.IntRange(1, 1000), default=64, show_default=True, help="Concurrent calls.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="N", help="At most N calls per second.")
@click.option("--dry-run", is_flag=True, help="Check the file and show what would be sent; send nothing.")
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
    help="The format of FILE, if its name does not end in .csv or .jsonl.",
)
@click.option("--sandbox", is_flag=True, help="Run against a local sandbox inside this command; needs no account.")
@click.option("--base-url", metavar="URL", help="Address of the API, if not the provider's own.")
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
    journal: Path | None,
    failed: Path | None,
    concurrency: int,
    rate: float | None,
    empty: Empty,
    file_format: FileFormat | None,
    base_url: str | None,
    timeout: float,
    **flags: bool,
) -> int:
    """Update the customers of the file, or only check it in a dry run, and print the result. Returns the exit code."""
    _check_flags(journal, base_url, flags)
    with refusals():
        rows = open_rows(file, file_format=file_format, empty=empty)
        if flags["dry_run"]:
            return _dry_run(rows)
        lasting = not flags["no_journal"] and (journal is not None or not flags["sandbox"])
        job = _Job(
            rows=rows,
            journal=(journal or file.with_name(f"{file.name}.journal")) if lasting else None,
            failed=failed or file.with_name(f"{file.stem}.failed{file.suffix}"),
            concurrency=concurrency,
            rate=rate,
            sandbox=flags["sandbox"],
            base_url=base_url,
            timeout=timeout,
        )
        report = asyncio.run(_carry_out(job))
    show_summary(report, printable(file.name))
    _print_advice(report, job)
    return report.exit_code


def _check_flags(journal: Path | None, base_url: str | None, flags: dict[str, bool]) -> None:
    if journal is not None and flags["no_journal"]:
        raise UsageRefused("--journal and --no-journal exclude each other")
    if base_url is not None and flags["sandbox"]:
        raise UsageRefused("--sandbox and --base-url exclude each other: the sandbox has an address of its own")


def _dry_run(rows: RowFile) -> int:
    report = asyncio.run(sync_customers(None, rows, dry_run=True))
    for row in islice((row for row in rows if isinstance(row, Row)), _SHOWN_BODIES):
        click.echo(f"line {row.line}: {printable(canonical_json(row.request).decode(), limit=2000)}")
    show_summary(report, printable(rows.path.name))
    return report.exit_code


async def _carry_out(job: _Job) -> BatchReport:
    stop = asyncio.Event()
    last: list[Progress] = []
    with progress_shown(printable(job.rows.path.name), job.rows.total) as show:

        def on_progress(progress: Progress) -> None:
            last[:] = [progress]
            show(progress)

        async with _client(job) as client:
            with interrupts(stop):
                try:
                    return await sync_customers(
                        client,
                        job.rows,
                        journal=job.journal,
                        failed=job.failed,
                        concurrency=job.concurrency,
                        rate=job.rate,
                        on_progress=on_progress,
                        stop=stop,
                    )
                except asyncio.CancelledError:
                    return _cut_short(last, job)


def _cut_short(last: list[Progress], job: _Job) -> BatchReport:
    """The report of a run that a second Ctrl-C cancelled, from its last progress."""
    known = last[-1] if last else Progress(total=job.rows.total)
    return BatchReport.of(known, failures_file=job.failed if job.failed.exists() else None, interrupted=True)


@asynccontextmanager
async def _client(job: _Job) -> AsyncGenerator[AsyncPayCombat]:
    connections = max(100, job.concurrency)
    if not job.sandbox:
        async with AsyncPayCombat(base_url=job.base_url, timeout=job.timeout, max_connections=connections) as client:
            yield client
        return
    from paycombat_async.sandbox import Sandbox  # noqa: PLC0415  # imports aiohttp.web, which only the sandbox needs

    async with Sandbox() as sandbox:
        sandbox.add_customers(row.customer_id for row in job.rows if isinstance(row, Row))
        async with AsyncPayCombat(
            token=sandbox.token,
            signature_key=sandbox.signature_key,
            base_url=sandbox.base_url,
            timeout=job.timeout,
            max_connections=connections,
        ) as client:
            yield client


def _print_advice(report: BatchReport, job: _Job) -> None:
    if report.stopped:
        click.echo(f"Stopped: {printable(report.stopped, limit=1000)}.", err=True)
    if report.interrupted:
        click.echo("Terminated." if is_terminated() else "Interrupted.", err=True)
    if report.pending or report.unknown:
        how = "it continues where it was" if job.journal else "without a journal it starts again"
        click.echo(f"Run the same command again to send the rest ({how}).", err=True)
