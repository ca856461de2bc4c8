"""`watch_backlog`: shows what waits in an inbox and an intents store as gauges, while it runs."""

import logging
import math
from typing import TYPE_CHECKING, Final

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async.errors import ConfigurationError, StoreFailed
from paycombat_async.intents.intent import Intents
from paycombat_async.telemetry.attributes import error_fields
from paycombat_async.telemetry.readings import HasDepth, Reading, read_inbox, read_intents

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

_FRESH: Final = 3  # values older than so many intervals are not shown
_log: Final = logging.getLogger("paycombat")


async def watch_backlog(
    *,
    inbox: HasDepth | None = None,
    intents: Intents | None = None,
    name: str = "default",
    every: float = 15.0,
    meter_provider: "MeterProvider | None" = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Reads inbox and intents store `every` so many seconds and shows them as gauges, until it is cancelled.

    Run it in a task of one process for each inbox or store. `name` is an attribute of each value, to tell several
    inboxes apart. While a store cannot be read there is one warning in the log, and after three intervals no value:
    alert on that, too, since a value that is no longer true would look like calm. Raises `ConfigurationError` without
    opentelemetry-api, without an inbox or a store, and for an `every` that is not a positive number.
    """
    if inbox is None and intents is None:
        raise ConfigurationError("watch_backlog needs inbox=, intents= or both")
    if not (0 < every < math.inf):
        raise ConfigurationError("watch_backlog: every must be a number of seconds, more than 0")
    try:
        from paycombat_async.telemetry.gauges import gauges_of  # noqa: PLC0415  # opentelemetry takes 30 ms
    except ImportError:
        raise ConfigurationError("telemetry needs opentelemetry-api: pip install 'paycombat[otel]'") from None

    watched = _Watched(clock, every)
    gauges = gauges_of(meter_provider)
    if gauges is not None:
        gauges.sources.add(watched.values)
    try:
        while True:
            await watched.read(inbox, intents, name)
            await clock.sleep(every)
    finally:
        if gauges is not None:
            gauges.sources.discard(watched.values)


class _Watched:
    """The values that were read last, and when."""

    def __init__(self, clock: Clock, every: float) -> None:
        self._clock = clock
        self._every = every
        self._read_at = -math.inf
        self._values: list[Reading] = []
        self._is_failing = False

    def values(self) -> list[Reading]:
        """The last values, none if they are too old. Called by the exporter's thread."""
        return self._values if self._clock.monotonic() - self._read_at <= _FRESH * self._every else []

    async def read(self, inbox: HasDepth | None, intents: Intents | None, name: str) -> None:
        """Reads both; on a failure the old values stay until they are too old."""
        try:
            values = [] if inbox is None else await read_inbox(inbox, name)
            values += [] if intents is None else await read_intents(intents, name, self._clock.now())
        except StoreFailed as error:
            if not self._is_failing:
                _log.warning("the backlog cannot be read, and is read again: %s", error, extra=error_fields(error))
            self._is_failing = True
        else:
            self._values, self._read_at, self._is_failing = values, self._clock.monotonic(), False
