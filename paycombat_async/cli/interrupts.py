"""Ctrl-C during a sync: the first one stops the run cleanly, the second one cancels it."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import click

from paycombat_async._signals import on_stop


@contextmanager
def interrupts(stop: asyncio.Event) -> Generator[None]:
    """A context manager: the first SIGINT or SIGTERM sets `stop`, the second one cancels the current task."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def on_signal() -> None:
        if not stop.is_set():
            click.echo("Stopping: calls under way are finished first (Ctrl-C again to cancel them) …", err=True)
            stop.set()
        elif task is not None:
            task.cancel()

    with on_stop(lambda: loop.call_soon_threadsafe(on_signal)):
        yield
