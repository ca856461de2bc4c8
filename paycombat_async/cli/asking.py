"""Questions at the terminal, asked before a command does what cannot be undone."""

import sys

import click

from paycombat_async._printable import printable
from paycombat_async.cli.refusal import UsageRefused


class Declined(click.ClickException):
    """The person at the terminal said no; exits with 1."""

    exit_code = 1


def ask(question: str, refusal: str) -> None:
    """Asks on stderr. Raises `Declined` with the text `refusal` after a no, and `UsageRefused` without a terminal."""
    if not sys.stdin.isatty():
        raise UsageRefused("there is no terminal to ask at: add --yes")
    if not click.confirm(printable(question), err=True):
        raise Declined(refusal)
