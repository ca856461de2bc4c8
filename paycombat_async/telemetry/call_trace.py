"""The OpenTelemetry spans and metrics of one call. This module needs the optional package opentelemetry-api."""

from functools import lru_cache
from typing import Any, Final

import msgspec
from opentelemetry import context as otel_context
from opentelemetry.context import Context, set_value
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanContext, SpanKind, set_span_in_context

from paycombat_async._protocol.messages import Attempt, Call, Draft
from paycombat_async._protocol.url import safe_urlsplit
from paycombat_async.endpoints import Endpoint
from paycombat_async.telemetry.attributes import (
    ENDPOINT,
    ERROR,
    METHOD,
    OUTCOME,
    PORT,
    RAW,
    RESEND_COUNT,
    SERVER,
    STATUS,
    TEMPLATE,
    Value,
    attempt_error,
    call_fields,
    endpoint_name,
    outcome_of,
)
from paycombat_async.telemetry.current_span import CurrentSpan
from paycombat_async.telemetry.guard import report_failure
from paycombat_async.telemetry.instruments import Instruments

_NO_PARENT: Final = Context()
_HEADER: Final = "traceparent"
_PORTS: Final = {"https": 443, "http": 80}
# While this key is set in the context, OpenTelemetry's instrumentations of HTTP clients make no spans. Their spans
# would contain whole URLs with ids, and possibly headers with the token. The key has no public name yet.
_SUPPRESS_KEY: Final[str] = getattr(otel_context, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY", "suppress_http_instrumentation")


class CallTrace:
    """The OpenTelemetry spans of a call: one of kind INTERNAL for the call, one of kind CLIENT for each attempt.

    Without a tracer, there are no spans, and only metrics are recorded.
    """

    __slots__ = ("_attempt", "_attributes", "_instruments", "_method", "_name", "_span")

    def __init__(
        self,
        instruments: Instruments,
        endpoint: Endpoint[Any, Any],
        template: str | None,
        base_url: str,
        span: CurrentSpan | None,
    ) -> None:
        """Takes the span of the call as `span`, or None if there is no tracer."""
        self._instruments = instruments
        self._name = endpoint_name(endpoint.name)
        self._method: str = endpoint.method
        self._attributes = _request_attributes(endpoint.method, None if self._name == RAW else template, base_url)
        self._attempt: CurrentSpan | None = None
        self._span = span

    def start_attempt(self, draft: Draft, number: int) -> Draft:
        """Starts the span of an attempt. Returns `draft`, the request to send, with a `traceparent` header added.

        Returns `draft` unchanged if there is no tracer, if the span belongs to no trace, or if the tracer raises.
        """
        if self._span is None:
            return draft
        try:
            parent = self._start_attempt(self._span.context, number)
        except Exception as error:  # noqa: BLE001  # a tracer may raise anything
            report_failure(type(error).__name__)
            return draft
        # The headers `baggage` and `tracestate` are not sent: they may contain internal data of the merchant, which the
        # provider must not get.
        return draft if parent is None else msgspec.structs.replace(draft, headers={**draft.headers, _HEADER: parent})

    def _start_attempt(self, context: Context, number: int) -> str | None:
        attributes = self._attributes if number == 1 else {**self._attributes, RESEND_COUNT: number - 1}
        template = attributes.get(TEMPLATE)
        name = self._method if template is None else f"{self._method} {template}"
        span = self._instruments.tracer.start_span(name, context, SpanKind.CLIENT, attributes)
        self._attempt = CurrentSpan(
            span, set_value(_SUPPRESS_KEY, value=True, context=set_span_in_context(span, context))
        )
        return traceparent(span)

    def end_attempt(self, attempt: Attempt) -> None:
        """Ends the span of the attempt and records its duration."""
        span, self._attempt = self._attempt, None
        result = _result_attributes(attempt)
        try:
            context = None if span is None else span.context
            self._instruments.durations.record(attempt.elapsed, self._attributes | result, context)
        except Exception as error:  # noqa: BLE001  # a meter may raise anything
            report_failure(type(error).__name__)
        if span is not None:
            span.end(result, is_error=attempt.outcome is not None)

    def end(self, call: Call) -> None:
        """Ends the span of the call and counts its outcome."""
        attributes: dict[str, Value] = {ENDPOINT: self._name, OUTCOME: outcome_of(call)}
        if call.error is not None:
            attributes[ERROR] = call.error
        try:
            self._instruments.calls.add(1, attributes, None if self._span is None else self._span.context)
        except Exception as error:  # noqa: BLE001  # a meter may raise anything
            report_failure(type(error).__name__)
        if self._attempt is not None:  # a KeyboardInterrupt ended the call before `end_attempt` was called
            self._attempt.end({}, is_error=True)
        if self._span is not None:
            self._span.end(call_fields(call), is_error=call.error is not None)


def start_call(
    instruments: Instruments,
    endpoint: Endpoint[Any, Any],
    template: str | None,
    base_url: str,
    batch: SpanContext | None,
) -> CallTrace | None:
    """Starts the span of a call. With `batch`, the span begins a new trace that has a link to the span of the batch.

    Returns None if there is neither a tracer nor a meter provider, as in a program without OpenTelemetry's SDK.
    """
    name = endpoint_name(endpoint.name)
    if batch is None:
        parent, span = None, instruments.tracer.start_span(name)
    else:
        parent, span = _NO_PARENT, instruments.tracer.start_span(name, _NO_PARENT, links=[Link(batch)])
    if span is not INVALID_SPAN:  # without an SDK, OpenTelemetry's API returns `INVALID_SPAN`
        current = CurrentSpan(span, set_span_in_context(span, parent))
        return CallTrace(instruments, endpoint, template, base_url, current)
    return None if instruments.are_unset else CallTrace(instruments, endpoint, template, base_url, None)


def traceparent(span: Span) -> str | None:
    """Returns the value of the `traceparent` header (W3C Trace Context), or None if the span belongs to no trace.

    With this header, the server can add its spans to the trace.
    """
    context = span.get_span_context()
    trace_id, span_id = int(context.trace_id), int(context.span_id)
    if not (0 < trace_id < 2**128 and 0 < span_id < 2**64):
        return None
    return f"00-{trace_id:032x}-{span_id:016x}-{int(context.trace_flags) & 0xFF:02x}"


def _result_attributes(attempt: Attempt) -> dict[str, Value]:
    attributes: dict[str, Value] = {} if attempt.status is None else {STATUS: attempt.status}
    error = attempt_error(attempt)
    if error is not None:
        attributes[ERROR] = error
    return attributes


@lru_cache(256)
def _request_attributes(method: str, template: str | None, base_url: str) -> dict[str, Value]:
    """Returns the attributes that all attempts of an endpoint have. The dict is cached, so it must not be changed."""
    parts = safe_urlsplit(base_url)
    attributes: dict[str, Value] = {METHOD: method, SERVER: parts.hostname or ""}
    attributes[PORT] = parts.port or _PORTS.get(parts.scheme, 0)
    if template is not None:
        attributes[TEMPLATE] = template
    return attributes
