"""The command `paycombat` with its subcommands."""

import sys
from collections.abc import Sequence

import click

from paycombat_async._signals import is_terminated, sigterm_as_interrupt
from paycombat_async._version import __version__
from paycombat_async.cli.call.command import call
from paycombat_async.cli.completion import completion
from paycombat_async.cli.customers_forget import forget
from paycombat_async.cli.customers_get import get
from paycombat_async.cli.customers_sample import sample
from paycombat_async.cli.customers_status import status
from paycombat_async.cli.customers_sync import sync
from paycombat_async.cli.db import db
from paycombat_async.cli.doctor import doctor
from paycombat_async.cli.intents import intents
from paycombat_async.cli.probe import probe
from paycombat_async.cli.sandbox import sandbox
from paycombat_async.cli.stores import without_urls
from paycombat_async.cli.streams import OutputFailed, prepare_streams
from paycombat_async.cli.webhooks import webhooks

_INTERRUPTED, _TERMINATED = 130, 143
_WIDE = {"max_content_width": 100, "help_option_names": ["-h", "--help"]}


@click.group(context_settings=_WIDE)
@click.version_option(__version__, prog_name="paycombat")
def paycombat() -> None:
    """PayCombat from the command line.

    \b
    Try it without an account:
      paycombat customers sample > customers.csv
      paycombat customers sync customers.csv --sandbox

    Credentials come from the environment only: PAYCOMBAT_TOKEN and PAYCOMBAT_SIGNATURE_KEY
    (and PAYCOMBAT_BASE_URL, if it is not the provider's own address).
    """


@paycombat.group()
def customers() -> None:
    """Customer profiles: update many from a file, look one up."""


for command in (sync, status, forget, get, sample):
    customers.add_command(command)
for program in (call, webhooks, sandbox, doctor, probe, intents, db, completion):
    paycombat.add_command(program)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code. Errors are printed to stderr.

    If `arguments` is None, the arguments of the process are used. The exit code is 130 after SIGINT, 143 after SIGTERM.
    """
    prepare_streams()
    try:
        with sigterm_as_interrupt():
            code: object = paycombat.main(arguments, prog_name="paycombat", standalone_mode=False)
            sys.stdout.flush()
    except click.ClickException as error:
        if isinstance(error, click.UsageError):
            error = click.UsageError(without_urls(error.format_message()), error.ctx)
        error.show()
        return error.exit_code
    except OutputFailed as error:
        click.echo(f"Error: the output cannot be written: {error.strerror}", err=True)
        return 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("Terminated." if is_terminated() else "Interrupted.", err=True)
        code = _INTERRUPTED
    if code == _INTERRUPTED and is_terminated():
        return _TERMINATED
    return code if isinstance(code, int) else 0
