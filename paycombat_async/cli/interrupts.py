"""Ctrl-C during a sync: once, it ends in good order; twice, at once."""

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

import click

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupts(stop: asyncio.Event) -> Generator[None]:
    """Within it, the first signal sets `stop` and the second cancels the task that entered."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def heed() -> None:
        if not stop.is_set():
            click.echo("Stopping: calls under way are finished first (Ctrl-C again to leave them) …", err=True)
            stop.set()
        elif task is not None:
            task.cancel()

    with _handled(lambda: loop.call_soon_threadsafe(heed)):
        yield


@contextmanager
def _handled(act: Callable[[], object]) -> Generator[None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        act()

    # Not `loop.add_signal_handler`: Windows has none.
    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
