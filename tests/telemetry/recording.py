"""OpenTelemetry's SDK with exporters in memory, and what they have received in a form that tests compare."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler

from paycombat_async.telemetry import Telemetry


class Seen(NamedTuple):
    """One span: its name, kind, the name of its parent, its attributes, and "UNSET" or "ERROR"."""

    name: str
    kind: str
    parent: str | None
    attributes: dict[str, Any]
    status: str


class Recording:
    """Providers of its own: the global ones can be set only once in a process."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracers = TracerProvider(sampler=sampler)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        self.meters = MeterProvider([self._reader])
        self.telemetry = Telemetry(tracer_provider=self.tracers, meter_provider=self.meters)

    @property
    def finished(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    @property
    def spans(self) -> list[Seen]:
        """In the order of their ends."""
        names = {span.context.span_id: span.name for span in self.finished}
        return [
            Seen(
                span.name,
                span.kind.name,
                None if span.parent is None else names.get(span.parent.span_id, "another"),
                dict(span.attributes or {}),
                span.status.status_code.name,
            )
            for span in self.finished
        ]

    def metric(self, name: str) -> Any:
        """The only metric with this name."""
        (found,) = [metric for metric in self._metrics() if metric.name == name]
        return found

    def points(self, name: str) -> list[tuple[dict[str, Any], float]]:
        """Attributes and value (of a histogram: the count) of each data point."""
        points = [point for metric in self._metrics() if metric.name == name for point in metric.data.data_points]
        return [(dict(point.attributes), getattr(point, "count", getattr(point, "value", None))) for point in points]

    def _metrics(self) -> Iterator[Any]:
        data = self._reader.get_metrics_data()
        for resource in () if data is None else data.resource_metrics:
            for scope in resource.scope_metrics:
                yield from scope.metrics

    def everything(self) -> list[str]:
        """All texts that an exporter could send."""
        data = self._reader.get_metrics_data()
        return [*(span.to_json() for span in self.finished), "" if data is None else data.to_json()]

    def close(self) -> None:
        self.tracers.shutdown()
        self.meters.shutdown()
