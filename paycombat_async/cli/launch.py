"""Starts the command `paycombat`; while the package is being imported, a signal ends the process without a traceback.

Importing the package takes most of the time until a command runs, so its first lines call `exit_on_signals` already.
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
    """From now on, SIGINT and SIGTERM end the process at once, with exit codes 130 and 143, unless they are ignored.

    Call it only while no work is under way. It does nothing outside the main thread.
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
    finally:  # exit even if the message cannot be written
        os._exit(128 + number)
