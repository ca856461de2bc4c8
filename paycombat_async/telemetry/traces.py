"""Collects the names that trace calls, batches and webhooks, for one import. Needs opentelemetry-api (optional)."""

from paycombat_async.telemetry.batch_trace import BatchTrace
from paycombat_async.telemetry.call_trace import start_call
from paycombat_async.telemetry.delivery_trace import DeliveryTrace

__all__ = ["BatchTrace", "DeliveryTrace", "start_call"]
