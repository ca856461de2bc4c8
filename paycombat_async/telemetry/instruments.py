"""The tracer and the metric instruments that the SDK writes to. Imports opentelemetry-api."""

from typing import Final, NamedTuple

from opentelemetry.metrics import Counter, Histogram, MeterProvider, get_meter
from opentelemetry.trace import Tracer, TracerProvider, get_tracer

from paycombat_async._version import __version__

SCOPE: Final = "paycombat"
SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.29.0"
# The bucket bounds, in seconds, that the semantic conventions prescribe for this histogram.
_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


class Instruments(NamedTuple):
    """`durations` are seconds of attempts; `calls`, `drifts` and `deliveries` count what has ended."""

    tracer: Tracer
    durations: Histogram
    calls: Counter
    drifts: Counter
    deliveries: Counter

    @property
    def are_unset(self) -> bool:
        """Whether no meter provider was set so far, so that nothing is measured.

        The API's stand-in for an instrument of a provider to come has the real one, or None, in a private attribute. Of
        an API without that attribute this is False, which costs 10 µs a call.
        """
        return getattr(self.durations, "_real_instrument", self.durations) is None


def make_instruments(tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None) -> Instruments:
    """Returns instruments of these providers. None means the global one, also if that is set later."""
    meter = get_meter(SCOPE, __version__, meter_provider, SCHEMA_URL)
    return Instruments(
        get_tracer(SCOPE, __version__, tracer_provider, SCHEMA_URL),
        meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BOUNDS,
        ),
        meter.create_counter("paycombat.client.calls", "{call}", "Calls that have ended, by endpoint and outcome."),
        meter.create_counter("paycombat.client.drifts", "{field}", "Fields of answers that differ from the schema."),
        meter.create_counter("paycombat.inbox.deliveries", "{delivery}", "Webhooks that workers have worked on."),
    )
