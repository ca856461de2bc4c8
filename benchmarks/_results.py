"""What a benchmark gives back: rows with a figure, a ratio and, for some, a goal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Literal

from benchmarks._harness import Samples
from benchmarks._statistics import Spread, paired, spread

Pick = Callable[[Samples], list[float]]

CPU: Pick = attrgetter("cpu")
WALL: Pick = attrgetter("wall")


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound to be kept by the ratio of a row, or by its figure where it has no ratio."""

    sense: Literal[">=", "<="]
    limit: float

    def is_met(self, value: float) -> bool:
        return value >= self.limit if self.sense == ">=" else value <= self.limit

    def __str__(self) -> str:
        return f"{self.sense} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One contender in one case. `figure` is in `unit`; `ratio` compares it with `against`, both in the same rounds.

    `more_is_better` is about the ratio, or about the figure where there is no ratio. `noise` is the share by which
    figures of the same code differ from run to run, where that is known: such figures can be compared by themselves.
    """

    case: str
    name: str
    figure: float
    unit: str
    ratio: Spread | None = None
    against: str = ""
    goal: Goal | None = None
    more_is_better: bool = False
    noise: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.goal is None:
            return None
        return self.goal.is_met(self.figure if self.ratio is None else self.ratio.median)


@dataclass(slots=True)
class Table:
    """The rows of one topic. `ratio_means` says how to read the ratios, `remarks` what is missing or peculiar.

    `work` says of a case what each side does; it holds for the cases behind it too, up to the next that has a line.
    """

    topic: str
    title: str
    ratio_means: str
    rows: list[Row] = field(default_factory=list[Row])
    remarks: list[str] = field(default_factory=list[str])
    work: dict[str, str] = field(default_factory=dict[str, str])


def times_as_fast(
    case: str,
    samples: Mapping[str, Samples],
    *,
    base: str,
    goals: Mapping[str, Goal | None] | None = None,
    pick: Pick = CPU,
) -> list[Row]:
    """Rows with microseconds of the clock that `pick` picks; a ratio of 2 means half the time that `base` takes."""
    slow = pick(samples[base])
    times = {name: pick(own) for name, own in samples.items()}
    return [
        Row(
            case,
            name,
            spread(own).median * 1e6,
            "µs",
            paired(slow, own),
            base,
            (goals or {}).get(name),
            more_is_better=True,
        )
        for name, own in times.items()
    ]


def against(
    case: str, samples: Mapping[str, Samples], *, ours: str, peers: Mapping[str, Goal | None], pick: Pick = CPU
) -> list[Row]:
    """Rows for one contender beside each of its peers that was measured; a ratio of 2 means half the peer's time."""
    own = pick(samples[ours])
    figure = spread(own).median * 1e6
    return [
        Row(case, ours, figure, "µs", paired(pick(samples[peer]), own), peer, goal, more_is_better=True)
        for peer, goal in peers.items()
        if peer in samples
    ]


def times_the_cost(
    case: str, samples: Mapping[str, Samples], *, of: str, base: str, goal: Goal | None = None, pick: Pick = CPU
) -> Row:
    """A row with microseconds of the clock that `pick` picks; a ratio of 2 means twice the time that `base` takes."""
    own = pick(samples[of])
    return Row(case, of, spread(own).median * 1e6, "µs", paired(own, pick(samples[base])), base, goal)
