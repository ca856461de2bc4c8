"""The table of many calls at once, for a README."""

from typing import Final

from benchmarks._results import Table
from benchmarks.bench_scale import CPU, FAIRNESS, LATENCIES, MEMORY, RATE, SOCKETS, Figure

_HALF, _, _MOST, _ = LATENCIES
# Heading, figure, and how many digits are shown behind the point.
_COLUMNS: Final[tuple[tuple[str, Figure, int], ...]] = (
    ("calls/s", RATE, 0),
    ("µs of processor each", CPU, 0),
    ("half within, ms", _HALF, 0),
    ("99 % within, ms", _MOST, 0),
    ("memory, MB", MEMORY, 1),
    ("sockets", SOCKETS, 0),
    ("slowest task / fastest", FAIRNESS, 2),
)


def scale_markdown(table: Table) -> str:
    """One row for each client at each number of calls at once."""
    headings = ["at once", "client", *(heading for heading, *_ in _COLUMNS)]
    rows = [_line(headings), _line(["---"] * len(headings))]
    figures = {(row.case, row.name): row.figure for row in table.rows}
    for case, name in dict.fromkeys((row.case.partition(": ")[0], row.name) for row in table.rows):
        shown = [_shown(figures.get((f"{case}: {figure.name}", name)), digits) for _, figure, digits in _COLUMNS]
        rows.append(_line([case.removesuffix(" at once"), name, *shown]))
    return "\n".join(rows) + "\n"


def _shown(figure: float | None, digits: int) -> str:
    return "none" if figure is None else format(figure, f",.{digits}f")


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
