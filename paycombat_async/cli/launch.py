"""The first thing that runs of the command `paycombat`: until it is loaded, a signal ends it without a traceback.

It is also installed as the module `paycombat_command`, outside the package: importing the package takes the most of the
time until a command can run, and what is in the package is imported after it.
"""

import os
import signal
from types import FrameType
from typing import NoReturn

_WORDS = {signal.SIGINT: b"Interrupted.\n", signal.SIGTERM: b"Terminated.\n"}


def main() -> None:
    """Run the command line and exit with its code."""
    exit_on_signals()
    from paycombat_async.cli.entry import main as run_command  # noqa: PLC0415  # imports the package

    run_command()


def exit_on_signals() -> None:
    """From now on, SIGINT and SIGTERM end the process at once, with 130 and 143, unless they are ignored.

    Only for times in which nothing is under way. Outside the main thread it does nothing.
    """
    for number in _WORDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            try:
                signal.signal(number, _exit)
            except ValueError:  # not the main thread
                return


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    try:
        os.write(2, _WORDS[signal.Signals(number)])
    finally:  # whether or not anybody reads it
        os._exit(128 + number)
