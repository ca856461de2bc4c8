"""The picture of a run: one panel, how many times as fast as what one would use instead, goals marked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks._headlines import Headline, caption, headlines
from benchmarks._peers import load
from benchmarks._results import Table

_MET, _MISSED, _WITHOUT = "#2f81c7", "#d9822b", "#8b95a1"
_INK, _PAPER, _RULE = "#1f2328", "#ffffff", "#d0d7de"  # a sheet of its own: readable on a light page and on a dark one
_TICKS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
_ROW_INCHES: Final = 0.27
_LINE_INCHES: Final = 0.125  # of the caption

# Text as paths, so that it looks the same everywhere; a fixed salt, so that the same figures make the same file.
_STYLE: Final = {"svg.fonttype": "path", "svg.hashsalt": "paycombat", "font.size": 9, "text.color": _INK}


def draw(file: Path, facts: Mapping[str, str], tables: Sequence[Table]) -> None:
    """Writes the picture: SVG or PNG, by the file's name. Needs matplotlib, and something to show."""
    lines = headlines(tables)
    if not lines:
        raise ValueError("nothing measured that the picture shows")
    matplotlib = load("matplotlib")
    matplotlib.use("Agg")
    pyplot: Any = load("matplotlib.pyplot")
    with matplotlib.rc_context(_STYLE):
        below = _LINE_INCHES * (2 + caption(facts).count("\n"))
        height = 1.2 + _ROW_INCHES * len(lines) + below
        figure, axes = pyplot.subplots(figsize=(8.6, height), facecolor=_PAPER)
        _bars(axes, lines)
        _scale(axes, lines)
        figure.suptitle("paycombat: times as fast as what one would use instead", fontsize=12, fontweight="bold")
        figure.text(0.01, 0.01, caption(facts), fontsize=7, va="bottom")
        figure.tight_layout(rect=(0, below / height, 1, 1))
        figure.savefig(file, dpi=160, facecolor=_PAPER, metadata=_metadata(file))
        pyplot.close(figure)


def _bars(axes: Any, lines: Sequence[Headline]) -> None:
    for place, line in enumerate(lines):
        colour = {True: _MET, False: _MISSED, None: _WITHOUT}[line.is_met]
        ratio = line.ratio
        axes.barh(place, ratio.median - 1, left=1, height=0.62, color=colour, zorder=2)
        axes.plot([ratio.low, ratio.high], [place, place], color=_INK, linewidth=1, zorder=3)
        if line.goal is not None:
            axes.plot([line.goal] * 2, [place - 0.42, place + 0.42], color=_INK, linewidth=2, zorder=4)
        if line.least is not None:
            axes.plot([line.least], [place], marker="D", markersize=5, color=_PAPER, markeredgecolor=_INK, zorder=5)
        goal = "" if line.goal is None else f"goal {line.goal:.2f}"
        beside = {"transform": axes.get_yaxis_transform(), "va": "center"}
        axes.text(1.1, place, f"{ratio.median:.2f}", ha="right", weight="bold", **beside)
        axes.text(1.13, place, goal, **beside)


def _scale(axes: Any, lines: Sequence[Headline]) -> None:
    axes.set_xscale("log")
    least = min(min(line.ratio.low, line.goal or 1) for line in lines)
    most = max(max(line.ratio.high, line.goal or 1, line.least or 1) for line in lines)
    axes.set_xlim(min(0.5, 0.9 * least), 1.1 * most)
    axes.set_xticks([tick for tick in _TICKS if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]])
    axes.xaxis.set_major_formatter("{x:g} x")
    axes.minorticks_off()
    axes.set_yticks(range(len(lines)), [f"{line.what}   against {line.beside}" for line in lines])
    axes.invert_yaxis()
    axes.grid(axis="x", color=_RULE, linewidth=0.6, zorder=0)
    axes.axvline(1, color=_INK, linewidth=1, zorder=1)
    axes.tick_params(length=0)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel("times as fast; upright mark: goal (blue: met, orange: missed, grey: none set)", fontsize=8)


def _metadata(file: Path) -> dict[str, None]:
    return {"Date": None} if file.suffix == ".svg" else {}
