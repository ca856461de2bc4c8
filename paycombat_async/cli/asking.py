"""Asks the person at the terminal before a command does something that cannot be undone."""

import sys

import click

from paycombat_async._printable import printable
from paycombat_async.cli.refusal import UsageRefused


class Declined(click.ClickException):
    """The person at the terminal said no; the command exits with 1."""

    exit_code = 1


def ask(question: str, refusal: str) -> None:
    """Asks `question` on stderr, and returns if the answer is yes.

    Raises `Declined` with the text `refusal` if the answer is no, and `UsageRefused` if there is no terminal.
    """
    if not sys.stdin.isatty():
        raise UsageRefused("there is no terminal to ask at: add --yes")
    if not click.confirm(printable(question), err=True):
        raise Declined(refusal)
