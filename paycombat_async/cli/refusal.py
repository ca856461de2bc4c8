"""Usage errors of the command: one message on stderr, exit code 2."""

from collections.abc import Generator
from contextlib import contextmanager

import click

from paycombat_async._printable import printable
from paycombat_async.errors import ConfigurationError


class UsageRefused(click.ClickException):
    """The arguments or the configuration are wrong; the command exits with 2."""

    exit_code = 2


@contextmanager
def refusals() -> Generator[None]:
    """Context manager; turns a `ConfigurationError` into `UsageRefused` with the same message, made printable."""
    try:
        yield
    except ConfigurationError as error:
        # The limit is above the length of the longest message, which lists all faults that the sandbox can simulate.
        raise UsageRefused(printable(str(error), limit=4000)) from None
