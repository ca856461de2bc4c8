"""A span that is the current span of its context until it ends. Imports opentelemetry-api."""

from collections.abc import Mapping

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import Span, StatusCode

from paycombat_async.telemetry.attributes import Value
from paycombat_async.telemetry.guard import report_failure


class CurrentSpan:
    """A started span. From its creation until `end`, it is the current span, and `context` is the current context."""

    __slots__ = ("_is_over", "_span", "_token", "context")

    def __init__(self, span: Span, context: Context) -> None:
        self._span = span
        self._is_over = False
        self.context = context
        self._token = attach(context)

    def end(self, attributes: Mapping[str, Value], *, is_error: bool) -> None:
        """Ends the span with these attributes, and makes the former span current again. A second call does nothing.

        The exception and the description of an error are not recorded, because they may contain data of the provider or
        of a user.
        """
        if self._is_over:
            return
        self._is_over = True
        # OpenTelemetry accepts the token only in the context in which it was made. If a different task closes the
        # coroutine, the coroutine ends in the context of that task, and the token is not used.
        if get_current() is self.context:
            detach(self._token)
        try:
            if self._span.is_recording():
                self._span.set_attributes(attributes)
                if is_error:
                    self._span.set_status(StatusCode.ERROR)
            self._span.end()
        except Exception as error:  # noqa: BLE001  # a tracer, processor or exporter may raise anything
            report_failure(type(error).__name__)
