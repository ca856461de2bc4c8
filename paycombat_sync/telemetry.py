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

# Between the moment when Python starts no more threads and the end of the main thread, a few callbacks run.
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
    """Reads the backlog of an inbox and of an intents store every `every` seconds, and reports it as gauges.

    Runs until it is interrupted or, in a daemon thread, until the program ends. Run it for each inbox or store in only
    one thread of one process. `name` is an attribute of each value, and distinguishes several inboxes. If a store
    cannot be read, one warning is logged, and after three intervals no value is reported, because an old value would
    hide the failure. Therefore set an alert on missing values, too. Raises `ConfigurationError` if opentelemetry-api is
    not installed, if neither `inbox` nor `intents` is passed, or if `every` is not a positive number.
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

    From then on Python starts no more threads, and raises RuntimeError in a daemon thread that needs one.
    """
    main = threading.main_thread()
    if main is threading.current_thread():
        return False
    main.join(_LAST_CALLBACKS_S)
    return not main.is_alive()


class _InThread:
    """A blocking inbox whose `depth` async code can await."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def depth(self) -> Depth:
        return await asyncio.to_thread(self._inbox.depth)
