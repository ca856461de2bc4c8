"""Tables as text for people and as JSON for programs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby

import msgspec

from benchmarks._results import Row, Table


def as_text(facts: Mapping[str, str], tables: Sequence[Table]) -> str:
    """The machine on top, then a table for each topic, each goal with what became of it."""
    lines = [f"{name + ':':13} {value}" for name, value in facts.items()]
    for table in tables:
        lines += ["", f"{table.title} ({table.topic})", *_head(table), *_body(table.rows), *_remarks(table.remarks)]
    return "\n".join([*lines, "", verdict(tables)])


def as_json(facts: Mapping[str, str], tables: Sequence[Table]) -> bytes:
    """The same, every figure unrounded."""
    topics = [
        {
            "topic": table.topic,
            "ratio_means": table.ratio_means,
            "rows": [{**asdict(row), "is_met": row.is_met} for row in table.rows],
            "remarks": table.remarks,
        }
        for table in tables
    ]
    return msgspec.json.format(msgspec.json.encode({"machine": dict(facts), "topics": topics}), indent=2) + b"\n"


def missed(tables: Iterable[Table]) -> list[Row]:
    """The rows whose goal was not met."""
    return [row for table in tables for row in table.rows if row.is_met is False]


def verdict(tables: Sequence[Table]) -> str:
    """One sentence on the goals."""
    goals = [row for table in tables for row in table.rows if row.is_met is not None]
    if not goals:
        return "No goal is set for these figures."
    met = sum(row.is_met is True for row in goals)
    return f"{met} of {len(goals)} goals met."


def _head(table: Table) -> list[str]:
    return [f"ratio: {table.ratio_means}; median of the rounds (10th to 90th percentile)"]


def _body(rows: Iterable[Row]) -> Iterator[str]:
    for case, group in groupby(rows, key=lambda row: row.case):
        yield f"  {case}"
        yield from (f"    {_line(row)}".rstrip() for row in group)


def _line(row: Row) -> str:
    figure = f"{row.name:38} {row.figure:>10,.2f} {row.unit:8}"
    if row.ratio is None:
        return figure
    ratio = f"{row.ratio.median:6.2f} ({row.ratio.low:.2f} to {row.ratio.high:.2f})"
    return f"{figure} {ratio:24} {_against(row):34} {_goal(row)}"


def _against(row: Row) -> str:
    return "" if row.name == row.against else f"against {row.against}"


def _goal(row: Row) -> str:
    return "" if row.goal is None else f"goal {row.goal}: {'met' if row.is_met else 'MISSED'}"


def _remarks(remarks: Iterable[str]) -> list[str]:
    return [f"  note: {remark}" for remark in dict.fromkeys(remarks)]
