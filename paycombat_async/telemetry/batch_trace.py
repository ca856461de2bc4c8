"""The OpenTelemetry span of a batch. This module needs the optional package opentelemetry-api."""

from collections.abc import Mapping
from typing import Final

from opentelemetry.trace import SpanContext, set_span_in_context

from paycombat_async.telemetry.attributes import BATCH, ERROR, Value
from paycombat_async.telemetry.current_span import CurrentSpan
from paycombat_async.telemetry.instruments import Instruments

_STOPPED: Final = "stopped"


class BatchTrace:
    """The OpenTelemetry span of a batch, of kind INTERNAL.

    Each call for a row of the batch has a trace of its own. The span of the call has a link to `link`, which is the
    `SpanContext` of the batch's span, or None if that span belongs to no trace, as without OpenTelemetry's SDK.
    """

    __slots__ = ("_attributes", "_span", "link")

    def __init__(self, instruments: Instruments, name: str) -> None:
        span = instruments.tracer.start_span(name)
        context = span.get_span_context()
        self.link: SpanContext | None = context if context.is_valid else None
        self._attributes: dict[str, Value] = {}
        self._span = CurrentSpan(span, set_span_in_context(span))

    def count(self, counts: Mapping[str, int], *, is_stopped: bool) -> None:
        """Stores the counts of rows, which `end` adds to the span.

        If `is_stopped` is True, a problem ended the batch early, and the span is marked as an error.
        """
        self._attributes = {f"{BATCH}.{name}": count for name, count in counts.items()}
        if is_stopped:
            self._attributes[ERROR] = _STOPPED

    def end(self, error: str | None) -> None:
        """Ends the span. `error` is the class name of the exception that ended the batch, or None if there was none."""
        attributes = self._attributes if error is None else {**self._attributes, ERROR: error}
        self._span.end(attributes, is_error=ERROR in attributes)
