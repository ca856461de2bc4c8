"""Prevents OpenTelemetry's instrumentation of aiohttp from making spans for the SDK's requests.

These spans would contain whole URLs with ids and, if the instrumentation captures headers, the token and the signature.
The spans are prevented even if the SDK's own telemetry is off.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from paycombat_async.telemetry.guard import harmless


@contextmanager
def without_http_instrumentation() -> Generator[None]:
    """Context manager; OpenTelemetry's instrumentations of HTTP clients make no spans inside the `with` block.

    Does nothing in a program that has not imported OpenTelemetry.
    """
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


# These functions are at module level, so that `harmless` wraps them only once. Wrapping them for each request took 300
# bytecode instructions.
@harmless
def _attach(from_otel: Any, key: str) -> object:
    return from_otel.attach(from_otel.set_value(key, value=True))


@harmless
def _detach(from_otel: Any, token: object) -> None:
    from_otel.detach(token)
