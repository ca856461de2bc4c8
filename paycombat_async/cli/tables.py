"""Prints tables on standard output, with a row for each object. Outside a terminal, each row is one line."""

import sys
from collections.abc import Iterable, Sequence
from typing import Final

import click

from paycombat_async._printable import printable

_PIPE_WIDTH: Final = 2000  # characters per line outside a terminal; no row is as long, so that each row is one line


def show_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table. Long cells are folded on a terminal, and never cut off. Elsewhere, each row is one line."""
    from rich.console import Console  # noqa: PLC0415  # takes 60 ms
    from rich.table import Table  # noqa: PLC0415  # for the same reason
    from rich.text import Text  # noqa: PLC0415  # for the same reason

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())
