"""Two runs beside each other: what has changed, and by more than the noise of either."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import Struct

from benchmarks._statistics import Spread

Verdict = Literal["", "better", "WORSE", "new", "gone"]

_UNKNOWN_NOISE: Final = 0.10  # share of a figure of which there is but one sample
_TOLD: Final = ("machine", "processor", "python", "libraries")  # of the facts, those that make figures differ
_SLACK: Final = 1e-9  # of the last digit


class Comparison(NamedTuple):
    """One figure or ratio of the old run and of the new one; None where it is missing."""

    what: str
    old: float | None
    new: float | None
    verdict: Verdict

    @property
    def change(self) -> float | None:
        """The share by which the new one is larger; None where there is nothing to compare, or no share."""
        return self.new / self.old - 1 if self.old and self.new is not None else None


class _Row(Struct):
    case: str
    name: str
    figure: float
    against: str = ""
    ratio: Spread | None = None
    more_is_better: bool = False
    noise: float | None = None

    def spread(self) -> Spread:
        """What is compared: the ratio, unless the figure itself is known to differ little from run to run."""
        if self.ratio is not None and self.noise is None:
            return self.ratio
        noise = abs(self.figure) * (_UNKNOWN_NOISE if self.noise is None else self.noise)
        return Spread(self.figure - noise, self.figure, self.figure + noise)


class _Topic(Struct):
    topic: str
    rows: list[_Row]


class Report(Struct):
    """What `--json` has written."""

    machine: dict[str, str]
    topics: list[_Topic]

    def rows(self) -> dict[str, _Row]:
        """The rows, by all that tells them apart."""
        return {_named(topic.topic, row): row for topic in self.topics for row in topic.rows}


def read(file: Path) -> Report:
    """Raises `ValueError` if that is no file of figures."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Report)
    except msgspec.DecodeError as error:
        raise ValueError(f"{file} has no figures of these benchmarks: {error}") from None


def compare(old: Report, new: Report) -> list[Comparison]:
    """All figures of both, in the order of the new run; those that are gone at the end."""
    before, after = old.rows(), new.rows()
    compared = [_compared(what, before.get(what), row) for what, row in after.items()]
    gone = [Comparison(what, row.spread().median, None, "gone") for what, row in before.items() if what not in after]
    return compared + gone


def as_lines(old: Report, new: Report, compared: list[Comparison]) -> Iterator[str]:
    """The facts that differ, the table, and how many have changed."""
    for fact in _TOLD:
        if old.machine.get(fact) != new.machine.get(fact):
            yield f"{fact} differs: {old.machine.get(fact)} | {new.machine.get(fact)}"
    yield f"{'old':>12} {'new':>12} {'change':>8}"
    for one in compared:
        change = "" if one.change is None else f"{one.change:+.1%}"
        yield f"{_shown(one.old)} {_shown(one.new)} {change:>8} {one.verdict:6} {one.what}"
    counts = [sum(one.verdict == verdict for one in compared) for verdict in ("WORSE", "better")]
    yield f"{counts[0]} worse and {counts[1]} better beyond the noise, of {len(compared)}"


def _compared(what: str, old: _Row | None, new: _Row) -> Comparison:
    if old is None:
        return Comparison(what, None, new.spread().median, "new")
    # How a figure is read may have changed between the two: the new run knows.
    before = msgspec.structs.replace(old, noise=new.noise, more_is_better=new.more_is_better).spread()
    return Comparison(what, before.median, new.spread().median, _verdict(before, new.spread(), new.more_is_better))


def _verdict(old: Spread, new: Spread, more_is_better: bool) -> Verdict:  # noqa: FBT001  # of a row
    """A change counts only if each median lies outside of the other's spread."""
    if _holds(old, new.median) or _holds(new, old.median):
        return ""
    return "better" if (new.median > old.median) is more_is_better else "WORSE"


def _holds(spread: Spread, value: float) -> bool:
    slack = abs(value) * _SLACK
    return spread.low - slack <= value <= spread.high + slack


def _named(topic: str, row: _Row) -> str:
    against = f" against {row.against}" if row.against and row.against != row.name else ""
    return f"{topic}: {row.case}: {row.name}{against}"


def _shown(value: float | None) -> str:
    return f"{'' if value is None else format(value, ',.3f'):>12}"
