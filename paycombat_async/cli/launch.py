"""Starts the command `paycombat`. While the package is being imported, a signal ends the process without a traceback.

Importing the package takes most of the time until a command runs, so `main` calls `exit_on_signals` before the import.
"""

import os
import signal
from types import FrameType
from typing import NoReturn

_WORDS = {signal.SIGINT: b"Interrupted.\n", signal.SIGTERM: b"Terminated.\n"}


def main() -> None:
    """Runs the command line and exits with its code."""
    exit_on_signals()
    from paycombat_async.cli.entry import main as run_command  # noqa: PLC0415  # imports the package

    run_command()


def exit_on_signals() -> None:
    """Makes SIGINT and SIGTERM end the process immediately, with exit codes 130 and 143, unless they are ignored.

    Call this function only while no work is under way. Outside the main thread, the function does nothing.
    """
    for number in _WORDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            try:
                signal.signal(number, _exit)
            except ValueError:  # only the main thread can set signal handlers
                return


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    try:
        os.write(2, _WORDS[signal.Signals(number)])
    finally:  # exit even if the message cannot be written
        os._exit(128 + number)
