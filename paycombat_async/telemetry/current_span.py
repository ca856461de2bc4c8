"""A span that is current while it lasts. Imports opentelemetry-api."""

from collections.abc import Mapping

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import Span, StatusCode

from paycombat_async.telemetry.attributes import Value
from paycombat_async.telemetry.guard import report_failure


class CurrentSpan:
    """A started span, current in `context` from now until `end`."""

    __slots__ = ("_is_over", "_span", "_token", "context")

    def __init__(self, span: Span, context: Context) -> None:
        self._span = span
        self._is_over = False
        self.context = context
        self._token = attach(context)

    def end(self, attributes: Mapping[str, Value], *, is_error: bool) -> None:
        """Ends the span with these attributes, and makes the span before it current again. A second call does nothing.

        No exception is recorded, and no description of the error: both could hold texts of others.
        """
        if self._is_over:
            return
        self._is_over = True
        # A coroutine that is closed by another task ends in another context, where the token is not valid.
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
