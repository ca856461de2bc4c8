"""What spans and metrics cost a call over a real socket: `python -m benchmarks.bench_telemetry`."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Final

from benchmarks._callers import Drive, at_once
from benchmarks._data import KEY, REQUESTS, TOKEN, USUAL
from benchmarks._harness import FULL, Effort, measure_async
from benchmarks._machine import machine
from benchmarks._peers import installed
from benchmarks._report import as_text
from benchmarks._results import Goal, Table, times_the_cost
from benchmarks._server import running_server
from paycombat_async import AsyncPayCombat
from paycombat_async.telemetry import Telemetry

OFF: Final = "telemetry=False"
AGAIN: Final = "telemetry=False, once more"
API: Final = "opentelemetry-api alone, no SDK"
UNSAMPLED: Final = "SDK, no trace sampled"
TENTH: Final = "SDK, one trace in ten sampled"
ALL: Final = "SDK, every trace sampled, exported in memory"
LEAST: Final = "the least: a call without telemetry, and around it OpenTelemetry's own calls"

_CONCURRENCY: Final = 16
_GOALS: Final = {API: Goal("<=", 1.15)}
_WORK: Final = "Update Customer, each call one attempt: two spans, one duration, one count"
_KEPT: Final = 2_000  # spans; an exporter would have sent them


def run(effort: Effort) -> list[Table]:
    """Processor time per call with telemetry off, and on in four ways."""
    table = Table("telemetry", "Update Customer, asynchronous", f"times the processor time with {OFF}")
    if installed("opentelemetry") and installed("opentelemetry.sdk"):  # one after the other: the second needs the first
        with running_server() as server:
            asyncio.run(_measure(f"{server.address}/clean", effort, table))
            table.remarks.append(server.remark())
        table.work = {table.rows[0].case: _WORK}
    else:
        table.remarks.append("opentelemetry-sdk is not installed: pip install 'paycombat[test]'")
    return [table]


async def _measure(base_url: str, effort: Effort, table: Table) -> None:
    case = f"clean answer, {_CONCURRENCY} at once: processor time"
    async with AsyncExitStack() as stack:

        async def client(telemetry: bool | Telemetry) -> Callable[[], Awaitable[object]]:  # noqa: FBT001  # as users pass it
            made = AsyncPayCombat(
                token=TOKEN,
                signature_key=KEY,
                base_url=base_url,
                max_connections=_CONCURRENCY,
                telemetry=telemetry,
            )
            await stack.enter_async_context(made)
            return lambda: made.customers.update(REQUESTS[USUAL])

        off = await client(telemetry=False)
        drives: dict[str, Drive] = {
            OFF: at_once(_CONCURRENCY, off),
            AGAIN: at_once(_CONCURRENCY, await client(telemetry=False)),
            API: at_once(_CONCURRENCY, await client(Telemetry())),
            LEAST: at_once(_CONCURRENCY, _with_least(off)),
        }
        for name, share in ((UNSAMPLED, 0.0), (TENTH, 0.1), (ALL, 1.0)):
            drives[name] = at_once(_CONCURRENCY, await client(Telemetry(**_providers(share))))
        samples = await measure_async(drives, effort.rounds, effort.calls)
    table.rows += [times_the_cost(case, samples, of=name, base=OFF, goal=_GOALS.get(name)) for name in drives]


def _providers(share: float) -> dict[str, Any]:
    """A tracer provider that samples this share of the traces and exports in memory, and a meter provider."""
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415  # an extra
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: PLC0415  # an extra
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  # an extra
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415  # an extra
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: PLC0415  # an extra
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415  # an extra

    class Exporter(InMemorySpanExporter):
        """Forgets what it has, now and then."""

        def export(self, spans: Any) -> Any:
            if len(self._finished_spans) >= _KEPT:
                self.clear()
            return super().export(spans)

    tracers = TracerProvider(sampler=ParentBased(TraceIdRatioBased(share)), shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(Exporter()))
    return {
        "tracer_provider": tracers,
        "meter_provider": MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False),
    }


def _with_least(call: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    """The call without telemetry, and after it what OpenTelemetry itself takes for what the SDK has to say."""
    from opentelemetry.context import attach, detach  # noqa: PLC0415  # an extra
    from opentelemetry.trace import SpanKind, set_span_in_context  # noqa: PLC0415  # an extra

    providers = _providers(1.0)
    tracer = providers["tracer_provider"].get_tracer("benchmark")
    meter = providers["meter_provider"].get_meter("benchmark")
    durations, calls = meter.create_histogram("durations"), meter.create_counter("calls")
    request = {"http.request.method": "PATCH", "server.address": "127.0.0.1", "server.port": 80, "url.template": "/x"}
    status = {"http.response.status_code": 200}
    outcome = {"paycombat.outcome": "success", "paycombat.attempts": 1}

    async def with_spans() -> object:
        outer = tracer.start_span("customers.update")
        around = set_span_in_context(outer)
        outer_token = attach(around)
        inner = tracer.start_span("PATCH /x", around, SpanKind.CLIENT, request)
        within = set_span_in_context(inner, around)
        inner_token = attach(within)
        reply = await call()
        detach(inner_token)
        inner.set_attributes(status)
        inner.end()
        durations.record(0.01, request | status, within)
        calls.add(1, {"paycombat.endpoint": "customers.update", "paycombat.outcome": "success"}, around)
        detach(outer_token)
        outer.set_attributes(outcome)
        outer.end()
        return reply

    return with_spans


if __name__ == "__main__":
    print(as_text(machine(), run(FULL)))
