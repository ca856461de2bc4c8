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
        lines += ["", f"{table.title} ({table.topic})", *_head(table), *_body(table), *_remarks(table.remarks)]
    return "\n".join([*lines, "", *_missed(tables), verdict(tables)])


def as_json(facts: Mapping[str, str], tables: Sequence[Table]) -> bytes:
    """The same, every figure unrounded."""
    topics = [
        {
            "topic": table.topic,
            "title": table.title,
            "ratio_means": table.ratio_means,
            "work": table.work,
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


def _missed(tables: Sequence[Table]) -> Iterator[str]:
    for row in missed(tables):
        value = f"{row.figure:.2f} {row.unit}" if row.ratio is None else f"{row.ratio.median:.2f}"
        other = f" against {row.against}" if row.against else ""
        yield f"MISSED: {row.case}: {row.name}{other}: {value}, goal {row.goal}"


def _head(table: Table) -> list[str]:
    if all(row.ratio is None for row in table.rows):
        return []
    return [f"ratio: {table.ratio_means}; median of the rounds (10th to 90th percentile)"]


def _body(table: Table) -> Iterator[str]:
    for case, group in groupby(table.rows, key=lambda row: row.case):
        yield f"  {case}"
        if case in table.work:
            yield f"    work: {table.work[case]}"
        yield from (f"    {_line(row)}".rstrip() for row in group)


def _line(row: Row) -> str:
    figure = f"{row.name:42} {row.figure:>10,.2f} {row.unit:8}"
    ratio = "" if row.ratio is None else f"{row.ratio.median:6.2f} ({row.ratio.low:.2f} to {row.ratio.high:.2f})"
    return f"{figure} {ratio:24} {_against(row):44} {_goal(row)}"


def _against(row: Row) -> str:
    return "" if row.name == row.against or not row.against else f"against {row.against}"


def _goal(row: Row) -> str:
    return "" if row.goal is None else f"goal {row.goal}: {'met' if row.is_met else 'MISSED'}"


def _remarks(remarks: Iterable[str]) -> list[str]:
    return [f"  note: {remark}" for remark in dict.fromkeys(remarks)]
