"""Entry point of the command `paycombat`, which needs click and rich, two packages that are optional for the SDK."""

import sys
from importlib.util import find_spec


def main() -> None:
    """Runs the command line and exits with its code. Exits with 2 and a message if click or rich is not installed."""
    if not all(find_spec(name) for name in ("click", "rich")):
        sys.stderr.write("The command needs two more packages; install them with: pip install 'paycombat[cli]'\n")
        sys.exit(2)
    from paycombat_async.cli.app import run  # noqa: PLC0415  # imports click

    sys.exit(run())
