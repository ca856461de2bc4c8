"""Spans, metrics and gauges for OpenTelemetry, for blocking code."""

import asyncio
import threading
from typing import TYPE_CHECKING, Final

from paycombat_async import telemetry
from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async.intents.intent import Intents
from paycombat_async.telemetry import Telemetry
from paycombat_async.webhooks.inboxes.inbox import Depth
from paycombat_sync._runner import Runner
from paycombat_sync.webhooks.inbox import Inbox

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

__all__ = ["Telemetry", "watch_backlog"]

# The longest wait, in seconds, for the end of the main thread after Python has refused to start a thread. Meanwhile
# Python runs its last exit callbacks.
_LAST_CALLBACKS_S: Final = 1.0


def watch_backlog(
    *,
    inbox: Inbox | None = None,
    intents: Intents | None = None,
    name: str = "default",
    every: float = 15.0,
    meter_provider: "MeterProvider | None" = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Reads the inbox and the intents store every `every` seconds, and shows the values as gauges.

    Runs until Ctrl-C or, in a daemon thread, until the program ends. For each inbox or store, run it in one thread of
    one process only, because each would report the same webhooks and calls. `name` is an attribute of each value, so
    that several inboxes can be distinguished.

    If the inbox or the store cannot be read, one warning is logged, and the next one only if reading fails again after
    a success. If nothing could be read for `3 * every` seconds, the gauges have no value, because an outdated value
    would hide the problem. Therefore set an alert for missing values, too.

    Raises `ConfigurationError` if opentelemetry-api is not installed, if neither an inbox nor a store is given, or if
    `every` is not a positive number.
    """
    watched = None if inbox is None else _InThread(inbox)
    runner = Runner()
    try:
        runner.run(
            telemetry.watch_backlog,
            inbox=watched,
            intents=intents,
            name=name,
            every=every,
            meter_provider=meter_provider,
            clock=clock,
        )
    except RuntimeError:
        if not _program_ends():
            raise
    finally:
        runner.close()


def _program_ends() -> bool:
    """Returns whether the main thread has ended, or ends within a second.

    Shortly before the end of the main thread, Python stops starting threads. From then on, a daemon thread that starts
    a thread gets a RuntimeError.
    """
    main = threading.main_thread()
    if main is threading.current_thread():
        return False
    main.join(_LAST_CALLBACKS_S)
    return not main.is_alive()


class _InThread:
    """Wraps a blocking inbox, so that async code can await `depth`, the numbers of events that are not done."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def depth(self) -> Depth:
        return await asyncio.to_thread(self._inbox.depth)
