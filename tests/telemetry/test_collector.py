"""Spans and metrics through a real collector, over OTLP: what arrives is what the exporters in memory say."""

import importlib.util
import re
import socket
import sys
from pathlib import Path

import pytest

from tests.processes import Process, run

pytestmark = pytest.mark.promise("P17")

_PROGRAM = """
import asyncio, sys
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from paycombat_async import AsyncPayCombat, ConnectFailed
from paycombat_async.telemetry import Telemetry
from paycombat_async.testing import FakeClock, FakeTransport
from tests.calls import payout

tracers = TracerProvider()
tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{sys.argv[1]}/v1/traces")))
meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{sys.argv[1]}/v1/metrics"))])
transport = FakeTransport()
transport.fail(ConnectFailed("no connection"))
transport.answer(200, b'{"status":true,"data":{"id":"payout-4711","order_id":"order-1","status":"PENDING"}}')
telemetry = Telemetry(tracer_provider=tracers, meter_provider=meters)
client = AsyncPayCombat(
    token="snd_token-4711", signature_key="snd_key-4711", transport=transport, clock=FakeClock(), telemetry=telemetry
)
asyncio.run(client.payouts.create(payout()))
tracers.shutdown()
meters.shutdown()
"""


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_a_collector_receives_what_the_sdk_says() -> None:
    """`rotel`, a collector that comes as a wheel; its debug log shows what it has received."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the exporter for OTLP is not installed")
    found = importlib.util.find_spec("rotel")
    if found is None or found.origin is None:
        pytest.skip("no collector: pip install rotel opentelemetry-exporter-otlp-proto-http")
    agent, http, grpc = Path(found.origin).with_name("rotel-agent"), _free_port(), _free_port()
    command = [agent, "start", "--exporter", "blackhole", "--otlp-http-endpoint", f"127.0.0.1:{http}"]
    command += ["--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--debug-log", "traces", "--debug-log", "metrics"]

    with Process(*command, "--debug-log-verbosity", "detailed") as collector:
        collector.line()
        run(sys.executable, "-c", _PROGRAM, f"http://127.0.0.1:{http}", check=True)
        lines = [collector.line()]
        while "paycombat.client.calls" not in lines[-1]:
            lines.append(collector.line())

    received = "".join(lines)
    assert ["POST /api/v1/payout/create-payout"] * 2 + ["payouts.create"] == re.findall(r"    Name +: (.*)", received)
    assert ["CLIENT", "CLIENT", "INTERNAL"] == re.findall(r"SPAN_KIND_(\w+)", received)
    assert ["ERROR", "UNSET", "UNSET"] == re.findall(r"STATUS_CODE_(\w+)", received)
    assert "http.request.resend_count: Int(1)" in received
    assert "Name: http.client.request.duration" in received
    assert [] == re.findall(r".*(?:-4711|order-1).*", received)
