"""What a benchmark gives back: rows with a figure, a ratio and, for some, a goal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Literal

from benchmarks._harness import Samples
from benchmarks._statistics import Spread, paired, spread


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound that a ratio is to keep."""

    sense: Literal[">=", "<="]
    limit: float

    def is_met(self, ratio: float) -> bool:
        return ratio >= self.limit if self.sense == ">=" else ratio <= self.limit

    def __str__(self) -> str:
        return f"{self.sense} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One contender in one case. `figure` is in `unit`; `ratio` compares it with `against`, both in the same rounds."""

    case: str
    name: str
    figure: float
    unit: str
    ratio: Spread | None = None
    against: str = ""
    goal: Goal | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        return None if self.goal is None or self.ratio is None else self.goal.is_met(self.ratio.median)


@dataclass(slots=True)
class Table:
    """The rows of one topic. `ratio_means` says how to read the ratios, `remarks` what is missing or peculiar."""

    topic: str
    title: str
    ratio_means: str
    rows: list[Row] = field(default_factory=list[Row])
    remarks: list[str] = field(default_factory=list[str])


def times_as_fast(
    case: str,
    samples: Mapping[str, Samples],
    *,
    base: str,
    goals: Mapping[str, Goal] | None = None,
    of: Callable[[Samples], list[float]] = attrgetter("cpu"),
) -> list[Row]:
    """Rows with microseconds of the clock that `of` picks; a ratio of 2 means half the time that `base` takes."""
    slow = of(samples[base])
    times = {name: of(own) for name, own in samples.items()}
    return [
        Row(case, name, spread(own).median * 1e6, "µs", paired(slow, own), base, (goals or {}).get(name))
        for name, own in times.items()
    ]


def times_the_cost(case: str, samples: Mapping[str, Samples], *, of: str, base: str, goal: Goal | None = None) -> Row:
    """A row with processor time in microseconds; a ratio of 2 means twice the time that `base` takes."""
    own = samples[of].cpu
    return Row(case, of, spread(own).median * 1e6, "µs", paired(own, samples[base].cpu), base, goal)
