"""Spans, metrics and gauges for OpenTelemetry. The guide is docs/observability.md."""

from paycombat_async.telemetry.backlog import watch_backlog
from paycombat_async.telemetry.telemetry import Telemetry

__all__ = ["Telemetry", "watch_backlog"]
