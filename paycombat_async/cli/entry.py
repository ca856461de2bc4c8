"""Where the command begins: it needs two packages that the core does without."""

import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command line; exits 2 with a sentence where click or rich is not installed."""
    if not all(find_spec(name) for name in ("click", "rich")):
        sys.stderr.write("The command needs two more packages; install them with: pip install 'paycombat[cli]'\n")
        sys.exit(2)
    from paycombat_async.cli.app import run  # noqa: PLC0415  # needs click

    sys.exit(run())
