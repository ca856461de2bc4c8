"""docs/observability.md and its files: examples run, traces are from a real run, and metrics are those that exist."""

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY, generate_latest

from paycombat_async import AsyncPayCombat, TimedOut, webhooks
from paycombat_async.intents import MemoryIntents
from paycombat_async.sandbox import Sandbox
from paycombat_async.telemetry import Telemetry, attributes, watch_backlog
from paycombat_async.testing import FakeClock, FakeTransport
from tests.calls import payout
from tests.processes import run
from tests.webhooks.postgres_events import event

pytestmark = pytest.mark.promise("P17")

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "observability.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TRACES = dict(re.findall(r"<!-- trace: (.*?) -->\n```text\n(.*?)```", PAGE, re.DOTALL))
DASHBOARD = json.loads((DOCS / "grafana" / "paycombat.json").read_bytes())
ALERTS = (DOCS / "grafana" / "alerts.yml").read_text(encoding="utf-8")
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
FUNCTIONS = {"job", "le", "by", "or", "unless", "offset", "max", "sum", "rate", "increase", "vector", "absent"}


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(number, tmp_path) -> None:
    """As it stands on the page, with the credentials of a sandbox in the environment."""
    with Sandbox() as sandbox:
        ended = run(
            sys.executable,
            "-W",
            "error",
            "-c",
            EXAMPLES[number],
            cwd=tmp_path,
            env=os.environ
            | {
                "PYTHONPATH": str(DOCS.parent),
                "PAYCOMBAT_TOKEN": sandbox.token,
                "PAYCOMBAT_SIGNATURE_KEY": sandbox.signature_key,
                "PAYCOMBAT_BASE_URL": sandbox.base_url,
            },
        )

    assert (0, "") == (ended.returncode, ended.stderr)
    assert ("payout_methods.list" in EXAMPLES[number]) == bool(ended.stdout)
    assert ("print(*outcomes" in EXAMPLES[number]) == ("(('payout_methods.list', 'success'), 1)" in ended.stdout)


def test_the_traces_are_from_a_real_run() -> None:
    """But for the milliseconds."""
    ended = run(sys.executable, "-W", "error", str(DOCS / "observability_traces.py"), check=True)

    printed = dict(re.findall(r"^# ([^\n]*)\n(.*?)\n\n", ended.stdout, re.DOTALL | re.MULTILINE))
    assert 3 == len(TRACES)
    assert {title: _timeless(text) for title, text in printed.items()} == {
        title: _timeless(text) for title, text in TRACES.items()
    }


def _timeless(trace: str) -> str:
    return re.sub(r"\d+ ms", "… ms", trace).strip("\n")


@pytest.fixture(name="exported", scope="module")
def _exported() -> set[str]:
    """Names of all metrics and labels that OpenTelemetry's exporter for Prometheus makes of ours."""
    provider = MeterProvider([PrometheusMetricReader()])
    text = asyncio.run(_metrics_of(provider))
    provider.shutdown()
    return set(re.findall(r"\b(?:paycombat|http|error|url|server|otel)_\w+", text))


async def _metrics_of(provider: MeterProvider) -> str:
    telemetry, store, transport = Telemetry(meter_provider=provider), MemoryIntents(), FakeTransport()
    transport.fail(TimedOut("no answer"))
    transport.answer(200, b'{"status":true,"data":{"id":"p","order_id":"order-2","status":{"odd":1}}}')
    client = AsyncPayCombat(
        token="snd_t", signature_key="snd_k", transport=transport, telemetry=telemetry, intents=store
    )
    with pytest.raises(TimedOut):
        await client.payouts.create(payout())
    await client.payouts.create(payout(order_id="order-2"))
    inbox = webhooks.MemoryInbox(telemetry=telemetry)
    await inbox.receive(event("SUCCESS"))
    async with await inbox.take():
        pass

    scraped: list[str] = []

    class OneReading(FakeClock):
        async def sleep(self, seconds: float) -> None:
            scraped.append(generate_latest(REGISTRY).decode())
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await watch_backlog(inbox=inbox, intents=store, meter_provider=provider, clock=OneReading())
    return scraped[0]


@pytest.mark.parametrize("source", ["dashboard", "alerts"])
def test_queries_ask_for_what_is_exported(source, exported) -> None:
    """Metrics and labels; a query of another name would show nothing, which looks like calm."""
    texts = QUERIES if source == "dashboard" else re.findall(r"expr: (?:>-\n((?: {10}.*\n)+)|(.*)\n)", ALERTS)
    asked = set(re.findall(r"\b(?:paycombat|http|error|url|server|otel)_\w+", " ".join(map(str, texts))))

    assert len(asked) > 8
    assert asked <= exported


def test_the_dashboard_can_be_imported() -> None:
    """Each panel has its number, a place of its own, a description and a data source that Grafana asks for."""
    panels = DASHBOARD["panels"]
    cells = [
        (column, row)
        for panel in panels
        for place in [panel["gridPos"]]
        for column in range(place["x"], place["x"] + place["w"])
        for row in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(column for column, _ in cells) < 24
    assert list(range(1, len(panels) + 1)) == [panel["id"] for panel in panels]
    assert all(panel["title"] and panel["description"] and panel["targets"] for panel in panels)
    assert {"${datasource}"} == {target["datasource"]["uid"] for panel in panels for target in panel["targets"]}
    assert ["datasource", "job"] == [variable["name"] for variable in DASHBOARD["templating"]["list"]]
    assert all(query.count("(") == query.count(")") for query in QUERIES)


def test_the_page_names_every_metric_and_attribute() -> None:
    """Those of spans and metrics; log fields are the same."""
    from paycombat_async.telemetry import gauges, instruments, readings

    source = "".join(Path(module.__file__ or "").read_text("utf-8") for module in (instruments, gauges, readings))
    metrics = set(re.findall(r'"((?:paycombat|http)\.[a-z.]+)"', source))
    names = {value for name, value in vars(attributes).items() if name.isupper() and "." in value}

    assert len(metrics) > 8
    assert [] == [name for name in sorted(metrics) if f"`{name}`" not in PAGE]
    in_logs_alone = {attributes.WAIT, attributes.DRIFT_PATH, attributes.BATCH}
    assert [] == [name for name in sorted(names - in_logs_alone) if f"`{name}`" not in PAGE]


def test_alerts_fire_when_they_should() -> None:
    """Also for the first unknown outcome of a process, in a series that begins at 1."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; it comes with Prometheus")

    ended = run(promtool, "test", "rules", str(Path(__file__).parent / "alerts_test.yml"))

    assert 0 == ended.returncode, ended.stdout + ended.stderr
