"""`paycombat customers sample`: prints a sample CSV file."""

import sys
from importlib.resources import files

import click


@click.command()
def sample() -> None:
    """Print a sample CSV file that `customers sync` takes.

    \b
    Example:
      paycombat customers sample > customers.csv
    """
    content = files("paycombat_async.cli").joinpath("sample.csv").read_bytes()
    sys.stdout.buffer.write(content)
