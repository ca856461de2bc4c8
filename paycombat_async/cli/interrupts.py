"""Handles Ctrl-C and SIGTERM during `customers sync`: the first signal stops the run cleanly, the second cancels it."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import click

from paycombat_async._signals import is_terminated, on_stop

# The time that calls under way have after SIGTERM, in seconds. This time must be shorter than the time from SIGTERM to
# SIGKILL, which is 10 seconds in Docker and 30 in Kubernetes.
GRACE_S: Final = 8.0


@contextmanager
def interrupts(stop: asyncio.Event, grace: float = GRACE_S) -> Generator[None]:
    """Context manager; in the `with` block, the first SIGINT or SIGTERM sets `stop`, and the second cancels the block.

    If the first signal is SIGTERM, the block is cancelled after `grace` seconds even without a second signal. The
    cancelled task is the task that has entered the block.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    timers: list[asyncio.TimerHandle] = []

    def cancel() -> None:
        if task is not None:
            task.cancel()

    def on_signal() -> None:
        if stop.is_set():
            cancel()
        elif is_terminated():
            click.echo(f"Stopping: calls under way have {grace:g} seconds to finish …", err=True)
            timers.append(loop.call_later(grace, cancel))
        else:
            click.echo("Stopping: calls under way are finished first (Ctrl-C again to cancel them) …", err=True)
        stop.set()

    with on_stop(lambda: loop.call_soon_threadsafe(on_signal)):
        try:
            yield
        finally:
            for timer in timers:
                timer.cancel()
