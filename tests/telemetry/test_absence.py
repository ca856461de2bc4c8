"""Without opentelemetry-api everything works, and nothing but the telemetry is missing."""

import sys

import pytest

from tests.processes import run

_PROGRAM = """
import asyncio, sys
sys.modules["opentelemetry"] = None  # as where it is not installed
from paycombat_async import AsyncPayCombat, ConfigurationError
from paycombat_async.telemetry import Telemetry
from paycombat_async.testing import FakeTransport

transport = FakeTransport()
transport.answer(200, b'{"status":true,"data":{"customer_id":"c1"}}')
client = AsyncPayCombat(token="snd_t", signature_key="snd_k", transport=transport)
print(asyncio.run(client.customers.retrieve("c1")).customer_id, *transport.drafts[0].headers)
try:
    Telemetry()
except ConfigurationError as error:
    print(error)
"""


@pytest.mark.promise("P17")
def test_a_program_without_opentelemetry_makes_its_calls() -> None:
    """Only who asks for a `Telemetry` is told what to install."""
    ended = run(sys.executable, "-W", "error", "-c", _PROGRAM)

    assert ended.stdout.splitlines() == [
        "c1 X-token",
        "telemetry needs opentelemetry-api: pip install 'paycombat[otel]'",
    ]
