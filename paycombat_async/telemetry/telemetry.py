"""`Telemetry` sends the spans and metrics of a client or an inbox to OpenTelemetry.

opentelemetry-api is imported only when a `Telemetry` is made.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from paycombat_async.endpoints import Endpoint
from paycombat_async.errors import ConfigurationError
from paycombat_async.telemetry.attributes import DRIFT_KIND, ENDPOINT, endpoint_name
from paycombat_async.telemetry.guard import harmless, report_failure

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import SpanContext, TracerProvider

    from paycombat_async.telemetry.batch_trace import BatchTrace
    from paycombat_async.telemetry.call_trace import CallTrace
    from paycombat_async.telemetry.delivery_trace import DeliveryTrace


class Telemetry:
    """Makes spans and metrics with the given OpenTelemetry providers, or with the global providers by default.

    Clients and inboxes use a `Telemetry` with the global providers, unless they are made with `telemetry=False`. To use
    other providers, pass your own `Telemetry` as `telemetry=`. An exception of a provider never changes the result of a
    call or the work on a webhook.
    """

    __slots__ = ("_batch", "_instruments", "_traces")

    def __init__(
        self,
        *,
        tracer_provider: "TracerProvider | None" = None,
        meter_provider: "MeterProvider | None" = None,
    ) -> None:
        """Takes the providers. None means the global provider, even if it is set later.

        Raises `ConfigurationError` if opentelemetry-api is not installed, or if a provider raises instead of returning
        a tracer or meter.
        """
        try:
            from paycombat_async.telemetry import instruments, traces  # noqa: PLC0415  # opentelemetry takes 30 ms
        except ImportError:
            raise ConfigurationError("telemetry needs opentelemetry-api: pip install 'paycombat[otel]'") from None
        problem = ""
        try:
            self._instruments = instruments.make_instruments(tracer_provider, meter_provider)
        except Exception as error:  # noqa: BLE001  # a provider may raise anything
            problem = type(error).__name__
        if problem:
            raise ConfigurationError(f"telemetry: a provider raised {problem}")
        self._traces = traces
        self._batch: SpanContext | None = None

    def start_call(self, endpoint: Endpoint[Any, Any], template: str | None, base_url: str) -> "CallTrace | None":
        """Starts the span of a call, makes it the current span, and returns the `CallTrace` that ends it.

        Returns None if there is neither a tracer nor a meter provider, or if the tracer raises. `template` is the path
        with placeholders in place of ids.
        """
        try:  # `@harmless` is not used, because it would take a microsecond more for each call
            return self._traces.start_call(self._instruments, endpoint, template, base_url, self._batch)
        except Exception as error:  # noqa: BLE001  # a tracer may raise anything
            report_failure(type(error).__name__)
            return None

    @harmless
    def start_batch(self, name: str) -> "BatchTrace":
        """Starts the span of a batch and makes it the current span.

        Returns the `BatchTrace` that ends the span, or None if the tracer raises.
        """
        return self._traces.BatchTrace(self._instruments, name)

    def linked_to(self, batch: "BatchTrace") -> "Telemetry":
        """Returns a copy of this `Telemetry` for the calls of a batch.

        Each of these calls begins a new trace, and its span has a link to the span of the batch. One trace for 100,000
        rows would be too large to be stored and shown. Because each row has a trace of its own, the sampler decides
        about each row separately.
        """
        copy = object.__new__(Telemetry)
        copy._instruments, copy._traces, copy._batch = self._instruments, self._traces, batch.link
        return copy

    @harmless
    def start_delivery(self, event: str, number: int, attempt: int) -> "DeliveryTrace":
        """Starts the span of the work on a webhook and makes it the current span.

        Returns the `DeliveryTrace` that ends the span, or None if the tracer raises.
        """
        return self._traces.DeliveryTrace(self._instruments, event, number, attempt)

    @harmless
    def count_drift(self, endpoint: str, kind: str) -> None:
        """Counts a field of an answer that differs from the documented schema.

        `kind` is a `DriftKind`, which says how the field differs, and becomes an attribute of the measurement.
        """
        self._instruments.drifts.add(1, {ENDPOINT: endpoint_name(endpoint), DRIFT_KIND: kind})

    def __repr__(self) -> str:
        return "Telemetry()"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Telemetry cannot be pickled or copied: its providers belong to one process; make one in each process"
        )


def telemetry_of(given: "bool | Telemetry") -> Telemetry | None:
    """Returns the `Telemetry` that the argument `telemetry=` means, or None if there is no telemetry.

    True means the global providers, or no telemetry if opentelemetry-api is not installed. Raises `ConfigurationError`
    if `given` is neither a bool nor a `Telemetry`.
    """
    if isinstance(given, Telemetry):
        return given
    if not isinstance(given, bool):  # pyright: ignore[reportUnnecessaryIsInstance]  # users may pass anything
        raise ConfigurationError("telemetry must be True, False or a Telemetry")
    return _default() if given else None


@cache  # all clients share one `Telemetry`, because OpenTelemetry never frees a meter
def _default() -> Telemetry | None:
    try:
        import_module("opentelemetry.trace")
        return Telemetry()
    except ImportError:
        return None
    except Exception as error:  # noqa: BLE001  # plug-ins of OpenTelemetry may raise anything
        report_failure(type(error).__name__ if not isinstance(error, ConfigurationError) else str(error))
        return None
