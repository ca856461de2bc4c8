"""The tracer and the metric instruments that the SDK writes to. Imports opentelemetry-api."""

from typing import Final, NamedTuple

from opentelemetry.metrics import Counter, Histogram, MeterProvider, get_meter
from opentelemetry.trace import Tracer, TracerProvider, get_tracer

from paycombat_async._version import __version__

SCOPE: Final = "paycombat"
SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.29.0"
# OpenTelemetry's semantic conventions recommend these bucket bounds, in seconds, for the histogram of request
# durations.
_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


class Instruments(NamedTuple):
    """The OpenTelemetry tracer and the metric instruments of the SDK.

    `durations` is the histogram of the seconds that attempts take. `calls` counts calls that have ended, `drifts`
    counts fields of answers that differ from the schema, and `deliveries` counts webhooks that workers have worked on.
    """

    tracer: Tracer
    durations: Histogram
    calls: Counter
    drifts: Counter
    deliveries: Counter

    @property
    def are_unset(self) -> bool:
        """Whether no meter provider was set yet, so that nothing is measured.

        Until a provider is set, OpenTelemetry's API returns proxy instruments. A proxy has a private attribute for the
        real instrument, which is None as long as no provider is set. With a version of the API that does not have this
        attribute, the result is False, and the proxies measure each call, which takes 10 µs and has no other effect.
        """
        return getattr(self.durations, "_real_instrument", self.durations) is None


def make_instruments(tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None) -> Instruments:
    """Returns a tracer and metric instruments that send to these OpenTelemetry providers.

    None means the global provider, even if that is set later.
    """
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
