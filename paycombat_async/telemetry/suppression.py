"""Keeps OpenTelemetry's instrumentation of aiohttp away from the SDK's requests, whether the SDK's own is on or not.

Its spans have whole URLs, which contain ids, and with header capture the token and the signature.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from paycombat_async.telemetry.guard import harmless


@contextmanager
def without_http_instrumentation() -> Generator[None]:
    """A context in which instrumentations of HTTP clients stay silent. Does nothing in a program without them."""
    from_otel = sys.modules.get("opentelemetry.context")
    key = getattr(from_otel, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY", None)
    if from_otel is None or key is None:
        yield
        return
    token = _attach(from_otel, key)
    try:
        yield
    finally:
        if token is not None:
            _detach(from_otel, token)


# Wrapped once: wrapping them for each request took 300 bytecodes.
@harmless
def _attach(from_otel: Any, key: str) -> object:
    return from_otel.attach(from_otel.set_value(key, value=True))


@harmless
def _detach(from_otel: Any, token: object) -> None:
    from_otel.detach(token)
