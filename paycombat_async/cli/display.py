"""Output of `customers sync`: a progress bar on a terminal, plain lines elsewhere, and a summary at the end."""

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from paycombat_async._printable import printable
from paycombat_async._signals import is_terminated
from paycombat_async.batch.report import BatchReport, Failure, Progress

_SHOWN_FAILURES = 10
_SILENCE = 5.0  # the longest time between two lines of progress, in seconds


@contextmanager
def progress_shown(name: str, total: int) -> Generator[Callable[[Progress], None]]:
    """Context manager; yields a function that shows a `Progress`.

    On a terminal, the function updates a bar. Elsewhere it prints a line for each tenth of the rows. `name` is the name
    of the input, and `total` is the number of its rows.
    """
    if sys.stdout.isatty():
        with _bar(name, total) as draw:
            yield draw
    else:
        yield PlainLines(total)


@contextmanager
def _bar(name: str, total: int) -> Generator[Callable[[Progress], None]]:
    from rich.progress import (  # noqa: PLC0415  # importing it takes 60 ms, and only terminals need it
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar  # noqa: PLC0415  # for the same reason

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, TextColumn("{task.fields[note]}"), transient=True) as bar:
        task = bar.add_task(name, total=total, note="", markup=False)

        def draw(progress: Progress) -> None:
            bar.update(task, completed=progress.settled, note=_note(progress))

        yield draw


def _note(progress: Progress) -> str:
    counts = {"failed": progress.failed, "unknown": progress.unknown, "throttled": progress.throttled}
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


class PlainLines:
    """Prints a line for each tenth of the rows, and whenever `_SILENCE` (5) seconds have passed without a line."""

    def __init__(self, total: int) -> None:
        self._total = total
        # The value 10 (all rows are done) is used if there are no rows, so that no line is printed.
        self._tenth = 0 if total else 10
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        tenth = progress.settled * 10 // self._total if self._total else 10
        if tenth == self._tenth and progress.elapsed - self._last < _SILENCE:
            return
        self._tenth, self._last = tenth, progress.elapsed
        note = _note(progress)
        click.echo(f"{progress.settled:,} of {self._total:,} rows" + (f" ({note})" if note else ""))


def show_summary(report: BatchReport, name: str) -> None:
    """Prints the counts of the report, its first failures, and the path of the failures file.

    `name` is the name of the input.
    """
    click.echo("\n".join(_summary(report, name)))


def _summary(report: BatchReport, name: str) -> list[str]:
    pending = "would be sent (dry run: nothing was)" if report.dry_run else "not sent yet"
    counts = (
        (report.updated, "updated", not report.dry_run),
        (report.unchanged, "skipped: the same was sent before, or there is nothing to change", report.unchanged > 0),
        (report.failed, "failed", True),
        (report.unknown, "unknown: sent, but no clear answer came; sending them again is safe", report.unknown > 0),
        (report.pending, pending, report.pending > 0 or report.dry_run),
    )
    lines = [f"{report.rows:,} {'row' if report.rows == 1 else 'rows'} in {name}"]
    lines += [f"{count:>9,} {text}" for count, text, applies in counts if applies]
    lines += _listed(report.failures, report.failed + report.unknown)
    if report.failures_file is not None:
        lines.append(_where(report.failures_file, report.failed + report.unknown))
    if report.damaged:
        seem = "seems" if report.damaged == 1 else "seem"
        lines.append(f"{report.damaged:,} {seem} damaged by a spreadsheet (--strict refuses such rows):")
        lines += _listed(report.warnings, report.damaged)
    if not report.dry_run:
        lines.append(_pace(report))
    return lines


def show_advice(report: BatchReport, failed: Path, *, has_journal: bool, send_all: bool) -> None:
    """Prints to stderr why the run ended early, if it did, and what to do next.

    `failed` is the requested path of the failures file. `send_all` says whether rows were sent again although the
    journal records them as done.
    """
    if not report.rows:
        click.echo("There are no rows after the header, so there was nothing to send.", err=True)
    if report.stopped:
        click.echo(f"Stopped: {printable(report.stopped, limit=1000)}.", err=True)
    if report.interrupted:
        click.echo("Terminated." if is_terminated() else "Interrupted.", err=True)
    if report.failures_file not in {None, failed}:
        kept = printable(str(failed), limit=1000)
        click.echo(f"{kept} was left as it is: it is not what the last run wrote, and may hold corrections.", err=True)
    if report.unchanged and has_journal and not send_all:
        click.echo(
            "If the provider's data has changed since, --all sends the rows again that were sent before.", err=True
        )
    if (report.pending and not report.dry_run) or report.unknown:
        command = "the same command without --all" if send_all and has_journal else "the same command again"
        how = "it continues where it was" if has_journal else "without a journal it starts again"
        click.echo(f"Run {command} to send the rest ({how}).", err=True)


def _listed(rows: Sequence[Failure], count: int) -> list[str]:
    shown = rows[:_SHOWN_FAILURES]
    lines = [f"  line {row.line}{_of(row.customer_id)}: {row.reason}" for row in shown]
    return [*lines, f"  … and {count - len(shown):,} more"] if count > len(shown) else lines


def _where(failures_file: Path, count: int) -> str:
    path = printable(str(failures_file), limit=1000)
    if count == 1:
        return f"This row is listed with the reason in {path}; correct it there and sync that file."
    return f"All {count:,} are listed with the reasons in {path}; correct them there and sync that file."


def _of(customer_id: str) -> str:
    return f", {customer_id}" if customer_id else ""


def _pace(report: BatchReport) -> str:
    sent = report.updated + report.unknown
    rate = f", {sent / report.elapsed:,.0f} rows per second" if sent and report.elapsed > 0 else ""
    extra = f", {report.throttled:,} answers 'too many calls'" if report.throttled else ""
    return f"Took {report.elapsed:.1f} s{rate}{extra}."
