"""Output of a sync: a progress bar on a terminal, plain lines elsewhere, and a summary at the end."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

import click

from paycombat_async._printable import printable
from paycombat_async.batch.report import BatchReport, Progress

_SHOWN_FAILURES = 10
_SILENCE = 5.0  # seconds: longest time between two plain lines


@contextmanager
def progress_shown(name: str, total: int) -> Generator[Callable[[Progress], None]]:
    """Yields a function that shows a `Progress`: as a bar on a terminal, else as a line for each tenth of the rows."""
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
    """Prints a line for each tenth of the rows, and whenever `_SILENCE` seconds have passed without a line."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._tenth = 0
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        tenth = progress.settled * 10 // self._total if self._total else 10
        if tenth == self._tenth and progress.elapsed - self._last < _SILENCE:
            return
        self._tenth, self._last = tenth, progress.elapsed
        note = _note(progress)
        click.echo(f"{progress.settled:,} of {self._total:,} rows" + (f" ({note})" if note else ""))


def show_summary(report: BatchReport, name: str) -> None:
    """Prints the counts of the report, its first failures, and where the failures file is."""
    click.echo("\n".join(_summary(report, name)))


def _summary(report: BatchReport, name: str) -> list[str]:
    pending = "would be sent (dry run: nothing was)" if report.dry_run else "not sent yet"
    counts = (
        (report.updated, "updated", not report.dry_run),
        (report.unchanged, "already up to date", not report.dry_run or report.unchanged > 0),
        (report.failed, "failed", True),
        (report.unknown, "unknown: sent, but no clear answer came; sending them again is safe", report.unknown > 0),
        (report.pending, pending, report.pending > 0 or report.dry_run),
    )
    lines = [f"{report.rows:,} {'row' if report.rows == 1 else 'rows'} in {name}"]
    lines += [f"{count:>9,} {text}" for count, text, applies in counts if applies]
    shown = report.failures[:_SHOWN_FAILURES]
    lines += [f"  line {failure.line}{_of(failure.customer_id)}: {failure.reason}" for failure in shown]
    if report.failed + report.unknown > len(shown):
        lines.append(f"  … and {report.failed + report.unknown - len(shown):,} more")
    if report.failures_file is not None:
        where = printable(str(report.failures_file), limit=1000)
        lines.append(f"They are listed with the reasons in {where}; correct them there and sync that file.")
    if not report.dry_run:
        lines.append(_pace(report))
    return lines


def _of(customer_id: str) -> str:
    return f", {customer_id}" if customer_id else ""


def _pace(report: BatchReport) -> str:
    sent = report.updated + report.unknown
    rate = f", {sent / report.elapsed:,.0f} rows per second" if sent and report.elapsed > 0 else ""
    extra = f", {report.throttled:,} answers 'too many calls'" if report.throttled else ""
    return f"Took {report.elapsed:.1f} s{rate}{extra}."
