"""Spans, metrics and gauges for OpenTelemetry, for blocking code."""

import asyncio
from typing import TYPE_CHECKING

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


def watch_backlog(
    *,
    inbox: Inbox | None = None,
    intents: Intents | None = None,
    name: str = "default",
    every: float = 15.0,
    meter_provider: "MeterProvider | None" = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Reads inbox and intents store `every` so many seconds and shows them as gauges, until it is interrupted.

    Run it in a thread (a daemon thread ends with the program) of one process for each inbox or store. `name` is an
    attribute of each value, to tell several inboxes apart. While a store cannot be read there is one warning in the
    log, and after three intervals no value: alert on that, too, since a value that is no longer true would look like
    calm. Raises `ConfigurationError` without opentelemetry-api, without an inbox or a store, and for an `every` that is
    not a positive number.
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
    finally:
        runner.close()


class _InThread:
    """The depth of a blocking inbox, for async code."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def depth(self) -> Depth:
        return await asyncio.to_thread(self._inbox.depth)
