"""Traces and counts the work on webhooks with OpenTelemetry. Needs the optional package opentelemetry-api."""

from typing import Final

from opentelemetry.trace import SpanKind, set_span_in_context

from paycombat_async.telemetry.attributes import ATTEMPT, ERROR, EVENT, EVENT_NUMBER, OUTCOME, Value
from paycombat_async.telemetry.current_span import CurrentSpan
from paycombat_async.telemetry.guard import harmless
from paycombat_async.telemetry.instruments import Instruments

_NAME: Final = "webhooks.work"
DONE: Final = "done"
RELEASED: Final = "released"


class DeliveryTrace:
    """The OpenTelemetry span (of kind CONSUMER) of the work on one webhook.

    The span lasts from the moment a worker takes the webhook from the inbox until the webhook is done or released.
    """

    __slots__ = ("_event", "_instruments", "_span")

    def __init__(self, instruments: Instruments, event: str, number: int, attempt: int) -> None:
        """Starts the span. `event` is the class name of the webhook, and `number` is its number in the inbox.

        `attempt` says how many times the webhook was taken, including this time.
        """
        self._instruments = instruments
        self._event = event
        attributes: dict[str, Value] = {EVENT: event, EVENT_NUMBER: number, ATTEMPT: attempt}
        span = instruments.tracer.start_span(_NAME, None, SpanKind.CONSUMER, attributes)
        self._span = CurrentSpan(span, set_span_in_context(span))

    def end(self, error: BaseException | None) -> None:
        """Ends the span and counts the webhook as done, or as released if the work has raised `error`.

        A released webhook can be taken again.
        """
        name = None if error is None else type(error).__name__
        result: dict[str, Value] = {OUTCOME: DONE} if name is None else {OUTCOME: RELEASED, ERROR: name}
        self._count({EVENT: self._event, **result})
        self._span.end(result, is_error=name is not None)

    @harmless
    def _count(self, attributes: dict[str, Value]) -> None:
        self._instruments.deliveries.add(1, attributes, self._span.context)
