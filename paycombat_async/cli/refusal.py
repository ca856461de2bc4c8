"""How the command says no: one sentence on stderr, exit code 2."""

from collections.abc import Generator
from contextlib import contextmanager

import click

from paycombat_async._printable import printable
from paycombat_async.errors import ConfigurationError


class UsageRefused(click.ClickException):
    """What was asked for cannot work as it is."""

    exit_code = 2


@contextmanager
def refusals() -> Generator[None]:
    """Turn `ConfigurationError` into that sentence."""
    try:
        yield
    except ConfigurationError as error:
        raise UsageRefused(printable(str(error), limit=4000)) from None  # the names of all faults fit in
