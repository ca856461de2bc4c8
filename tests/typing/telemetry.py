"""Telemetry as users write it, for the type checkers alone."""

from typing import assert_type

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from paycombat_async import AsyncPayCombat, webhooks
from paycombat_async.intents import MemoryIntents
from paycombat_async.telemetry import Telemetry, watch_backlog
from paycombat_sync import PayCombat
from paycombat_sync import telemetry as blocking_telemetry
from paycombat_sync import webhooks as blocking_webhooks


async def asynchronous() -> None:
    telemetry = Telemetry(tracer_provider=TracerProvider(), meter_provider=MeterProvider())
    AsyncPayCombat(telemetry=telemetry)
    AsyncPayCombat(telemetry=False)
    inbox = webhooks.SqliteInbox("webhooks.db", telemetry=telemetry)
    assert_type(
        await watch_backlog(inbox=inbox, intents=MemoryIntents(), every=30, meter_provider=MeterProvider()), None
    )


def blocking() -> None:
    telemetry = Telemetry()
    PayCombat(telemetry=telemetry)
    inbox = blocking_webhooks.MemoryInbox(telemetry=telemetry)
    blocking_telemetry.watch_backlog(inbox=inbox, intents=MemoryIntents())


def mistakes() -> None:
    AsyncPayCombat(telemetry="on")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    PayCombat(telemetry=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
