"""`watch_backlog` shows as metrics how many webhooks wait in an inbox, and how many calls have an unknown outcome."""

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

_FRESH: Final = 3  # values are not shown if they are older than this many intervals of `every` seconds
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
    """Reads the inbox and the intents store every `every` seconds, and shows the values as gauges, until cancelled.

    Run it in a task. For each inbox or store, run it in one process only, because each process would report the same
    webhooks and calls. `name` is an attribute of each value, so that several inboxes can be distinguished.

    If the inbox or the store cannot be read, one warning is logged, and the next one only if reading fails again after
    a success. If nothing could be read for `3 * every` seconds, the gauges have no value, because an outdated value
    would hide the problem. Therefore set an alert for missing values, too.

    Raises `ConfigurationError` if opentelemetry-api is not installed, if neither an inbox nor a store is given, or if
    `every` is not a positive number.
    """
    if inbox is None and intents is None:
        raise ConfigurationError("watch_backlog needs inbox=, intents= or both")
    if not _is_positive(every):
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


def _is_positive(seconds: object) -> bool:
    return isinstance(seconds, int | float) and 0 < seconds < math.inf


class _Watched:
    """Reads the values of an inbox and an intents store, and keeps them with the time at which they were read."""

    def __init__(self, clock: Clock, every: float) -> None:
        self._clock = clock
        self._every = every
        self._read_at = -math.inf
        self._values: list[Reading] = []
        self._is_failing = False

    def values(self) -> list[Reading]:
        """Returns the values that were read last, or an empty list if they are too old.

        OpenTelemetry calls this method in the thread of its exporter.
        """
        return self._values if self._clock.monotonic() - self._read_at <= _FRESH * self._every else []

    async def read(self, inbox: HasDepth | None, intents: Intents | None, name: str) -> None:
        """Reads the inbox and the store. If reading fails, the old values are shown until they are too old."""
        try:
            values = [] if inbox is None else await read_inbox(inbox, name)
            values += [] if intents is None else await read_intents(intents, name, self._clock.now())
        except StoreFailed as error:
            if not self._is_failing:
                _log.warning("the backlog cannot be read, and is read again: %s", error, extra=error_fields(error))
            self._is_failing = True
        else:
            self._values, self._read_at, self._is_failing = values, self._clock.monotonic(), False
