"""Lets a program of this package react to Ctrl-C and SIGTERM instead of ending at once."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
_received: Final[list[int]] = []  # signal numbers, for the whole process


def is_terminated() -> bool:
    """Whether this process has received SIGTERM while a handler of this module was set."""
    return signal.SIGTERM in _received


@contextmanager
def on_stop(act: Callable[[], object]) -> Generator[None]:
    """Context manager: SIGINT and SIGTERM call `act` inside it. Restores the former handlers. Main thread only."""

    def handle(number: int, _frame: FrameType | None) -> None:
        _received.append(number)
        act()

    # `signal.signal` is used, because `loop.add_signal_handler` does not exist on Windows.
    before = {number: signal.signal(number, handle) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def sigterm_as_interrupt() -> Generator[None]:
    """Context manager: inside it, SIGTERM acts like Ctrl-C, so it raises `KeyboardInterrupt` or cancels what
    `asyncio.run` runs. Restores the former handlers at the end. Does nothing outside the main thread, because only the
    main thread receives signals.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        _received.append(number)
        handler = signal.getsignal(signal.SIGINT)
        if not callable(handler):  # Ctrl-C is ignored, as after nohup
            raise KeyboardInterrupt
        handler(signal.SIGINT, frame)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _received.clear()
    before = {number: signal.getsignal(number) for number in STOPPING}
    if before[signal.SIGINT] is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # asyncio.run replaces only Python's default handler
    signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # None if the handler was not set from Python, so that Python cannot restore it
                signal.signal(number, handler)
