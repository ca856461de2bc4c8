"""The traces of calls, batches and deliveries of webhooks. Imports opentelemetry-api."""

from paycombat_async.telemetry.batch_trace import BatchTrace
from paycombat_async.telemetry.call_trace import start_call
from paycombat_async.telemetry.delivery_trace import DeliveryTrace

__all__ = ["BatchTrace", "DeliveryTrace", "start_call"]
