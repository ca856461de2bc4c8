"""Output of recorded calls: a table, the fields of one call, or JSON. Recorded answers contain personal data."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import click
import msgspec

from paycombat_async._printable import printable, printable_json
from paycombat_async._secrets import Redactor
from paycombat_async.intents.intent import Intent

_HEADINGS: Final = ("account", "endpoint", "reference", "state", "attempt", "created", "until", "id")
IS_UNRESOLVED: Final = 3  # exit code: some calls have an unknown outcome or are still being sent
_LONGEST_ANSWER: Final = 16_000  # the largest number of characters of a recorded answer that are printed
_PIPE_WIDTH: Final = 2000  # characters per line outside a terminal; no row is as long, so that each row is one line


def show_table(intents: Sequence[Intent]) -> None:
    """Prints a table with a row for each record. Long cells are folded on a terminal, and never cut off."""
    from rich.console import Console  # noqa: PLC0415  # importing it takes 60 ms
    from rich.table import Table  # noqa: PLC0415  # for the same reason
    from rich.text import Text  # noqa: PLC0415  # for the same reason

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in _HEADINGS:
        table.add_column(heading, overflow="fold")
    for intent in intents:
        table.add_row(*(Text(printable(cell)) for cell in _cells(intent)))
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def show_json(intents: Sequence[Intent]) -> None:
    """Prints the records as a JSON array, without the recorded answers."""
    encoded = msgspec.json.encode([_fields(intent) for intent in intents])
    click.echo(printable_json(msgspec.json.format(encoded, indent=2).decode()))


def show_fields(intent: Intent, *, with_answer: bool) -> None:
    """Prints a line for each field of the record. With `with_answer`, prints the recorded answer, too."""
    for name, value in _fields(intent).items():
        text = value if isinstance(value, str) else "-" if value is None else msgspec.json.encode(value).decode()
        click.echo(f"{name + ':':<14}{printable(text, limit=4000)}")
    if intent.answer is None:
        click.echo(f"{'answer:':<14}not recorded")
    elif with_answer:
        answer = Redactor()(intent.answer.decode(errors="replace"), limit=_LONGEST_ANSWER)
        click.echo(f"{'answer:':<14}{printable_json(answer)}")
    else:
        click.echo(f"{'answer:':<14}recorded, {len(intent.answer):,} bytes; --answer prints it")


def show_counts(unresolved: Sequence[Intent], sending: Sequence[Intent]) -> int:
    """Prints how many records are unresolved or being sent. Returns the exit code: 3 if there are any, else 0."""
    number, many = len(unresolved), len(sending)
    sentence = f"{number or 'No'} {'records are' if number > 1 else 'record is'} unresolved"
    if sending:
        sentence += f"{',' if number else ', but'} {many} {'is' if many == 1 else 'are'} being sent"
    click.echo(f"{sentence}.")
    if until := max((each.leased_until for each in sending if each.leased_until), default=None):
        click.echo(f"If its process was killed, a record that is being sent is unresolved from {_after(until)} on.")
    return IS_UNRESOLVED if number or many else 0


def _fields(intent: Intent) -> Mapping[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(intent)
    del fields["answer"]
    return fields


def _cells(intent: Intent) -> tuple[str, ...]:
    names = (intent.account, intent.endpoint, intent.reference, intent.state.value)
    until = "-" if intent.leased_until is None else _after(intent.leased_until)
    return (*names, str(intent.attempt), _in_seconds(intent.created_at), until, intent.object_id or "-")


def _after(moment: datetime) -> str:
    """Returns the next full second after `moment`, as text.

    `moment` is the end of a lease (the time for sending), and may have a fraction of a second. At the returned time the
    lease is surely over.
    """
    return _in_seconds(moment + timedelta(seconds=1))


def _in_seconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
