"""Which rows go into the picture and the README, the SDK beside what one would use in its place; the README's table."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks._results import Goal, Row, Table
from benchmarks._scale_table import scale_markdown
from benchmarks._statistics import Spread

_BLOCK: Final = r"(<!-- {0} -->\n).*?(<!-- /{0} -->)"


class _Choice(NamedTuple):
    """A row, found by where it stands. `case` is how its case begins; a cost is shown as its reciprocal."""

    what: str
    beside: str
    topic: str
    case: str
    name: str
    against: str
    is_cost: bool = False


_CHOICES: Final = (
    _Choice("encode + sign 1.1 kB", "json + hmac", "sign", "1.1 kB: encode + sign", "paycombat", "json.dumps"),
    _Choice("encode + sign 1.1 kB", "pydantic + hmac", "sign", "1.1 kB: encode + sign", "paycombat", "pydantic"),
    _Choice("encode + sign 1.1 kB", "orjson + hmac", "sign", "1.1 kB: encode + sign", "paycombat", "orjson"),
    _Choice(
        "encode + sign, no metadata",
        "json + hmac",
        "sign",
        "1.1 kB without metadata: encode + sign",
        "paycombat",
        "json.dumps",
    ),
    _Choice(
        "encode + sign, fields checked", "json + hmac", "sign", "1.1 kB: encode + sign", "paycombat, val", "json.dumps"
    ),
    _Choice(
        "encode + sign, fields checked",
        "pydantic + hmac",
        "sign",
        "1.1 kB: encode + sign",
        "paycombat, val",
        "pydantic",
    ),
    _Choice("take a webhook", "json + hmac", "webhook", "", "paycombat", "hmac.new"),
    _Choice("take a webhook", "pydantic + hmac", "webhook", "", "paycombat", "pydantic"),
    _Choice("read an answer", "json.loads", "decode", "clean", "paycombat", "json.loads"),
    _Choice("read an answer", "pydantic", "decode", "clean", "paycombat", "pydantic"),
    _Choice("async call, 16 at once", "httpx2, rate", "call", "clean answer, 16", "paycombat", "httpx2."),
    _Choice("async call, 16 at once", "httpx, rate", "call", "clean answer, 16", "paycombat", "httpx."),
    _Choice(
        "async call, 16 at once",
        "aiohttp + json + hmac",
        "call",
        "clean answer, 16",
        "paycombat",
        "aiohttp",
        is_cost=True,
    ),
    _Choice("async call, 16 at once", "bare aiohttp", "call", "clean answer, 16", "paycombat", "bare", is_cost=True),
    _Choice("blocking call", "requests", "sync", "processor", "paycombat_sync", "requests"),
    _Choice("blocking call", "httpx2", "sync", "processor", "paycombat_sync", "httpx2."),
    _Choice("blocking call", "httpx", "sync", "processor", "paycombat_sync", "httpx."),
    _Choice("batch with journal", "loop of bare aiohttp", "batch", "", "sync_customers with journal", "bare aiohttp"),
    _Choice("batch with journal", "loop of its own calls", "batch", "", "sync_customers with journal", "bare loop"),
    _Choice("import", "openai", "import", "cold", "paycombat_async", "openai", is_cost=True),
    _Choice("import", "stripe", "import", "cold", "paycombat_async", "stripe", is_cost=True),
    _Choice("import", "aiohttp", "import", "cold", "paycombat_async", "aiohttp", is_cost=True),
)


@dataclass(frozen=True, slots=True)
class Headline:
    """Times as fast as what stands beside it; the goal, and what doing the least would reach, in the same terms."""

    what: str
    beside: str
    ratio: Spread
    goal: float | None
    is_met: bool | None
    least: float | None = None


def headlines(tables: Iterable[Table]) -> list[Headline]:
    """Those that were measured, in the order in which they are shown."""
    rows = [(table.topic, row) for table in tables for row in table.rows]
    found = ((choice, _chosen(choice, rows)) for choice in _CHOICES)
    return [_headline(choice, row, rows) for choice, row in found if row is not None]


def caption(facts: Mapping[str, str]) -> str:
    """When, where and with what it was measured, and what it does not show."""
    return (
        f"{facts['date']}; {facts['processor']}; {facts['python']}\n{facts['libraries']}\n"
        "Medians of paired rounds, with the 10th to 90th percentile. By processor time; rates and batches by time on "
        "the wall.\n"
        "At best (diamonds): what bare msgspec, two hash copies and bare aiohttp reach, nothing checked or tolerated.\n"
        "It does not show TLS or network latency: all calls went over loopback."
    )


def renew(file: Path, facts: Mapping[str, str], tables: Sequence[Table]) -> None:
    """Writes the tables into the file. Raises `ValueError` if it has no place for the first.

    That of many calls at once is written if it was measured and the file has the markers <!-- scale -->.
    """
    text = file.read_text(encoding="utf-8")
    if re.search(_BLOCK.format("benchmarks"), text, re.DOTALL) is None:
        raise ValueError(f"{file.name} lacks the markers <!-- benchmarks --> and <!-- /benchmarks -->")
    blocks = {"benchmarks": as_markdown(facts, tables)}
    blocks |= {table.topic: scale_markdown(table) for table in tables if table.topic == "scale"}
    for name, block in blocks.items():
        text = re.sub(_BLOCK.format(name), partial(_filled, block), text, flags=re.DOTALL)
    file.write_text(text, encoding="utf-8")


def _filled(block: str, found: "re.Match[str]") -> str:
    return found[1] + block + found[2]


def as_markdown(facts: Mapping[str, str], tables: Sequence[Table]) -> str:
    """One row for each comparison, and below when and where it was made."""
    rows = ["| what | beside | times as fast | goal | at best |", "|---|---|---|---|---|"]
    for line in headlines(tables):
        spread = f"{line.ratio.median:.2f} ({line.ratio.low:.2f} to {line.ratio.high:.2f})"
        goal = "" if line.goal is None else f"{line.goal:.2f}: {'met' if line.is_met else 'missed'}"
        least = "" if line.least is None else f"{line.least:.2f}"
        rows.append(f"| {line.what} | {line.beside} | {spread} | {goal} | {least} |")
    return "\n".join([*rows, "", caption(facts)]) + "\n"


def _chosen(choice: _Choice, rows: Sequence[tuple[str, Row]]) -> Row | None:
    """The row; of several, as for batches of several lengths, the one with a goal."""
    fitting = [
        row
        for topic, row in rows
        if topic == choice.topic
        and row.ratio is not None
        and row.case.startswith(choice.case)
        and row.name.startswith(choice.name)
        and row.against.startswith(choice.against)
        and row.name != row.against
    ]
    return next((row for row in fitting if row.goal is not None), fitting[0] if fitting else None)


def _headline(choice: _Choice, row: Row, rows: Sequence[tuple[str, Row]]) -> Headline:
    least = _chosen(choice._replace(name="least"), rows)
    return Headline(
        choice.what,
        choice.beside,
        _as_speed(choice, row),
        _limit(row.goal, is_cost=choice.is_cost),
        row.is_met,
        None if least is None else _as_speed(choice, least).median,
    )


def _as_speed(choice: _Choice, row: Row) -> Spread:
    assert row.ratio is not None, row
    return row.ratio.inverted() if choice.is_cost else row.ratio


def _limit(goal: Goal | None, *, is_cost: bool) -> float | None:
    if goal is None:
        return None
    return 1 / goal.limit if is_cost else goal.limit
