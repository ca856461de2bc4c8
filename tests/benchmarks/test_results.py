"""Figures from samples, goals, and how they are shown."""

import json

import pytest

from benchmarks._harness import Samples
from benchmarks._report import as_json, as_text, missed
from benchmarks._results import Goal, Row, Table, times_as_fast, times_the_cost
from benchmarks._statistics import Spread, of_medians, paired, spread

FACTS = {"python": "CPython"}


def test_spread_holds_the_outer_tenths():
    """The spread of 0 to 10 is 1, 5, 9."""
    samples = [float(number) for number in range(11)]

    assert Spread(1.0, 5.0, 9.0) == spread(samples)


def test_spread_of_a_single_sample_is_that_sample():
    """One sample is its own median."""
    assert Spread(3.0, 3.0, 3.0) == spread([3.0])


def test_paired_ratio_cancels_what_slows_a_whole_round():
    """A round in which everything takes ten times as long changes no ratio."""
    assert Spread(2.0, 2.0, 2.0) == paired([2.0, 20.0, 2.0], [1.0, 10.0, 1.0])


def test_ratio_of_medians_has_bounds_around_it():
    """The ratio of medians lies between its bounds."""
    ratio = of_medians([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])

    assert 2.0 == ratio.median
    assert ratio.low < ratio.median < ratio.high


@pytest.mark.parametrize(
    ("goal", "ratio", "met"),
    [
        pytest.param(Goal(">=", 4.5), 4.5, True, id="at-least-reached"),
        pytest.param(Goal(">=", 4.5), 4.4, False, id="at-least-missed"),
        pytest.param(Goal("<=", 1.25), 1.25, True, id="at-most-kept"),
        pytest.param(Goal("<=", 1.25), 1.26, False, id="at-most-exceeded"),
    ],
)
def test_goal_is_met_up_to_its_limit(goal, ratio, met):
    """A goal includes its own limit."""
    assert met is goal.is_met(ratio)


def test_speed_and_cost_are_reciprocal():
    """Half the time is twice as fast, and half the cost."""
    samples = {"ours": Samples([1.0, 1.0], [3.0, 3.0]), "theirs": Samples([2.0, 2.0], [3.0, 3.0])}

    fast = times_as_fast("case", samples, base="theirs")
    cost = times_the_cost("case", samples, of="ours", base="theirs")

    assert [2.0, 1.0] == [row.ratio.median for row in fast if row.ratio]
    assert cost.ratio is not None
    assert 0.5 == cost.ratio.median


def test_missed_goal_is_shown_beside_its_row():
    """The text says which goals were met and which were missed, and counts them."""
    table = _table()

    text = as_text(FACTS, [table])

    assert ["slow"] == [row.name for row in missed([table])]
    assert "goal >= 2: met" in text
    assert "goal >= 2: MISSED" in text
    assert text.endswith("1 of 2 goals met.")


def test_json_holds_the_verdict_of_each_row():
    """A program reads the machine, the figures and the verdicts."""
    report = json.loads(as_json(FACTS, [_table()]))

    assert FACTS == report["machine"]
    assert [True, False, None] == [row["is_met"] for row in report["topics"][0]["rows"]]


def _table() -> Table:
    goal = Goal(">=", 2.0)
    rows = [
        Row("case", "quick", 1.0, "µs", Spread(2.9, 3.0, 3.1), "base", goal),
        Row("case", "slow", 2.0, "µs", Spread(1.4, 1.5, 1.6), "base", goal),
        Row("case", "peak", 40.0, "MB"),
    ]
    return Table("topic", "Title", "times as fast", rows, ["a remark"])
