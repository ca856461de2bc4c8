"""Lets a program of this package react to Ctrl-C and SIGTERM instead of ending immediately."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
_received: Final[list[int]] = []  # the numbers of the signals that this process has received


def is_terminated() -> bool:
    """Whether this process has received SIGTERM inside a `with` block of this module.

    Signals received before the last `with sigterm_as_interrupt()` began do not count.
    """
    return signal.SIGTERM in _received


@contextmanager
def on_stop(act: Callable[[], object]) -> Generator[None]:
    """Context manager; SIGINT and SIGTERM call `act` inside the `with` block. Restores the former handlers at its end.

    May be used in the main thread only.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        _received.append(number)
        act()

    # `signal.signal` is used, because `loop.add_signal_handler` does not work on Windows.
    before = {number: signal.signal(number, handle) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def sigterm_as_interrupt() -> Generator[None]:
    """Context manager; SIGTERM acts like Ctrl-C inside the `with` block.

    Inside the block, SIGTERM raises `KeyboardInterrupt`, or cancels the coroutine that `asyncio.run` runs. The former
    handlers are restored at the end of the block. Outside the main thread the context manager does nothing, because
    only the main thread receives signals.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        _received.append(number)
        handler = signal.getsignal(signal.SIGINT)
        if not callable(handler):  # The process ignores SIGINT, as a process that was started with `nohup … &` may do.
            raise KeyboardInterrupt
        handler(signal.SIGINT, frame)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _received.clear()
    before = {number: signal.getsignal(number) for number in STOPPING}
    if before[signal.SIGINT] is not signal.SIG_IGN:
        # asyncio.run cancels its coroutine at Ctrl-C only if it finds Python's default handler here.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # None: the handler was set by C code, and Python cannot restore it.
                signal.signal(number, handler)
