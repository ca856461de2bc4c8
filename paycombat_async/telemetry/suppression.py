"""Keeps OpenTelemetry's instrumentation of aiohttp away from the SDK's requests, whether the SDK's own is on or not.

Its spans have whole URLs, which contain ids, and with header capture the token and the signature.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from paycombat_async.telemetry.guard import harmless


@contextmanager
def without_http_instrumentation() -> Generator[None]:
    """A context in which instrumentations of HTTP clients stay silent. Does nothing in a program without them."""
    from_otel = sys.modules.get("opentelemetry.context")
    key = getattr(from_otel, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY", None)
    if from_otel is None or key is None:
        yield
        return
    token = harmless(lambda: from_otel.attach(from_otel.set_value(key, value=True)))()
    try:
        yield
    finally:
        if token is not None:
            harmless(from_otel.detach)(token)
