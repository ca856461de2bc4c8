"""Ctrl-C during a sync: once, it ends in good order; twice, at once."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import click

from paycombat_async._signals import on_stop


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

    with on_stop(lambda: loop.call_soon_threadsafe(heed)):
        yield
