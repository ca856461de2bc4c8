"""Figures from samples: medians, spreads and paired ratios. Pure functions, no measuring."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Spread:
    """A median, and the 10th and 90th percentile around it."""

    low: float
    median: float
    high: float

    def inverted(self) -> "Spread":
        """The spread of the reciprocals: times the cost becomes times as fast."""
        return Spread(1 / self.high, 1 / self.median, 1 / self.low)


def spread(samples: Sequence[float]) -> Spread:
    """The spread of one sample or more."""
    if len(samples) < 2:
        return Spread(samples[0], samples[0], samples[0])
    tenths = quantiles(samples, n=10, method="inclusive")
    return Spread(tenths[0], median(samples), tenths[-1])


def paired(over: Sequence[float], under: Sequence[float]) -> Spread:
    """The spread of the ratios within each round: what slows the whole machine down cancels out."""
    return spread([above / below for above, below in zip(over, under, strict=True)])


def share_below(ordered: Sequence[float], share: float) -> float:
    """The longest of the shortest share of them, as 0.99; they must be in order, and at least one."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
