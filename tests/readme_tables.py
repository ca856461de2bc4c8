"""Renders the README's tables from the code: `python -m tests.readme_tables` writes them into README.md."""

import json
import re
from pathlib import Path
from typing import Any

from paycombat_async import ENDPOINTS, Repeat
from paycombat_async.endpoints._endpoint import DOCS

README = Path(__file__).parent.parent / "README.md"
RESULTS = README.parent / "benchmarks" / "results.json"
_BLOCK = "(<!-- {0} -->\n).*?(<!-- /{0} -->)"
# Comparisons in which others are faster or nearly so: what, topic, row of ours, row beside it, its label.
_CASES = {"sign": "1.1 kB: encode + sign", "webhook": ""}
_DIGEST = "hmac.new + compare_digest + "
_SLOWER = (
    ("encode + sign, fields checked", "sign", "paycombat, val", "orjson", "orjson + hmac"),
    ("take a webhook, client", "webhook", "paycombat, Webhooks.unwrap", f"{_DIGEST}orjson", "orjson + hmac"),
    ("take a webhook, function", "webhook", "paycombat, webhooks.unwrap", f"{_DIGEST}json", "json + hmac"),
    ("take a webhook, function", "webhook", "paycombat, webhooks.unwrap", f"{_DIGEST}orjson", "orjson + hmac"),
)


def endpoint_table() -> str:
    """One row for each operation, in the provider's order."""
    rows = ["| call | method | path | signed | evidence | safe to repeat |", "|---|---|---|---|---|---|"]
    for endpoint in ENDPOINTS:
        path = f"`{endpoint.path}`" if endpoint.path else "not on record: give `paths=`"
        signed = "yes" if endpoint.signed else "no"
        safe = "yes" if endpoint.repeat is Repeat.SAFE else "no"
        name = f"`{endpoint.name}`" if endpoint.doc == DOCS else f"[`{endpoint.name}`]({endpoint.doc})"
        rows.append(f"| {name} | {endpoint.method} | {path} | {signed} | {endpoint.evidence} | {safe} |")
    return "\n".join(rows) + "\n"


def slower_table() -> str:
    """How many times as fast the SDK is where others do less work, from the last run of the benchmarks."""
    topics = {topic["topic"]: topic["rows"] for topic in json.loads(RESULTS.read_bytes())["topics"]}
    rows = ["| what | beside | times as fast |", "|---|---|---|"]
    for what, topic, ours, theirs, beside in _SLOWER:
        figures = [_figure(topics[topic], _CASES[topic], name) for name in (theirs, ours)]
        rows.append(f"| {what} | {beside}, nothing checked | {figures[0] / figures[1]:.2f} |")
    return "\n".join(rows) + "\n"


def _figure(rows: list[dict[str, Any]], case: str, name: str) -> float:
    return next(row["figure"] for row in rows if row["case"].startswith(case) and row["name"].startswith(name))


def with_tables(readme: str) -> str:
    """The README with its generated parts renewed."""
    for name, table in (("endpoints", endpoint_table()), ("slower", slower_table())):
        block = re.compile(_BLOCK.format(name), re.DOTALL)
        readme = block.sub(lambda found, table=table: found[1] + table + found[2], readme)
    return readme


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
