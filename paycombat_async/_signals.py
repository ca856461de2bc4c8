"""Lets a program of this package react to Ctrl-C and SIGTERM instead of ending at once."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_stop(act: Callable[[], object]) -> Generator[None]:
    """A context in which SIGINT and SIGTERM call `act`; the former handlers are restored after it. Main thread only."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        act()

    # `signal.signal` is used, because `loop.add_signal_handler` does not exist on Windows.
    before = {number: signal.signal(number, handle) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
