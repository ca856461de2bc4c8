"""What is traced: calls, batches, deliveries of webhooks. Loads opentelemetry-api."""

from paycombat_async.telemetry.batch_trace import BatchTrace
from paycombat_async.telemetry.call_trace import CallTrace
from paycombat_async.telemetry.delivery_trace import DeliveryTrace

__all__ = ["BatchTrace", "CallTrace", "DeliveryTrace"]
