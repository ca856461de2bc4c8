"""Gauges of waiting webhooks in an inbox, and of calls with an unknown outcome. Imports opentelemetry-api."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation, get_meter

from paycombat_async._version import __version__
from paycombat_async.telemetry.guard import report_failure
from paycombat_async.telemetry.instruments import SCHEMA_URL, SCOPE
from paycombat_async.telemetry.readings import EVENTS, OLDEST_EVENT, OLDEST_UNRESOLVED, UNRESOLVED, Reading

_GAUGES: Final = (
    (EVENTS, "{event}", "Webhooks in the inbox that are not done."),
    (OLDEST_EVENT, "s", "Time since the oldest webhook that is not done arrived; 0 without one."),
    (UNRESOLVED, "{call}", "Recorded calls with an unknown outcome."),
    (OLDEST_UNRESOLVED, "s", "Time since the oldest recorded call with an unknown outcome began; 0 without one."),
)


Source = Callable[[], Iterable[Reading]]  # returns the current values, or no values if they are too old


class Gauges:
    """The gauges of one `MeterProvider` of OpenTelemetry, which exports their values.

    `sources` contains the functions from which the gauges read their values.
    """

    def __init__(self, meter_provider: MeterProvider | None) -> None:
        self.sources: set[Source] = set()
        meter = get_meter(SCOPE, __version__, meter_provider, SCHEMA_URL)
        for name, unit, description in _GAUGES:
            meter.create_observable_gauge(name, [functools.partial(self._observe, name)], unit, description)

    def _observe(self, name: str, _: CallbackOptions) -> Iterator[Observation]:
        for source in tuple(self.sources):
            for reading in source():
                if reading.gauge == name:
                    yield Observation(reading.value, reading.attributes)


_global: Final[list[Gauges]] = []
_of_provider: Final[WeakKeyDictionary[MeterProvider, Gauges]] = WeakKeyDictionary()


def gauges_of(meter_provider: MeterProvider | None) -> Gauges | None:
    """Returns the gauges of this provider. None means the global provider, even if that is set later.

    The gauges are made once for each provider, because a provider would ignore the callback of a second gauge with the
    same name. Returns None if the provider raises.
    """
    try:
        if meter_provider is None:
            if not _global:
                _global.append(Gauges(None))
            return _global[0]
        if meter_provider not in _of_provider:
            _of_provider[meter_provider] = Gauges(meter_provider)
        return _of_provider[meter_provider]
    except Exception as error:  # noqa: BLE001  # a provider may raise anything
        report_failure(type(error).__name__)
        return None
