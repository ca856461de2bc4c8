"""Figures from samples, goals, and how they are shown."""

import json

import pytest

from benchmarks._harness import Samples, turns
from benchmarks._report import as_json, as_text, missed
from benchmarks._results import WALL, Goal, Row, Table, against, times_as_fast, times_the_cost
from benchmarks._statistics import Spread, paired, spread

FACTS = {"python": "CPython"}


def test_spread_holds_the_outer_tenths():
    """The spread of 0 to 10 is 1, 5, 9."""
    samples = [float(number) for number in range(11)]

    assert Spread(1.0, 5.0, 9.0) == spread(samples)


def test_spread_of_a_single_sample_is_that_sample():
    """One sample is its own median."""
    assert Spread(3.0, 3.0, 3.0) == spread([3.0])


def test_inverted_spread_keeps_its_order():
    """The reciprocal of the highest becomes the lowest."""
    assert Spread(0.25, 0.5, 1.0) == Spread(1.0, 2.0, 4.0).inverted()


def test_paired_ratio_cancels_what_slows_a_whole_round():
    """A round in which everything takes ten times as long changes no ratio."""
    assert Spread(2.0, 2.0, 2.0) == paired([2.0, 20.0, 2.0], [1.0, 10.0, 1.0])


def test_every_round_has_each_contender_once():
    """Rounds are shuffled, and complete."""
    names = {"a": 0, "b": 0, "c": 0}

    order = turns(names, 20)

    rounds = [order[start : start + 3] for start in range(0, 60, 3)]
    assert all(set(names) == set(each) for each in rounds)
    assert len({tuple(each) for each in rounds}) > 1


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


def test_goal_of_a_row_without_ratio_is_for_its_figure():
    """Memory is not compared with anything: its goal is in its own unit."""
    kept = Row("case", "growth", 19.0, "MB", goal=Goal("<=", 20.0))
    exceeded = Row("case", "growth", 21.0, "MB", goal=Goal("<=", 20.0))

    assert [True, False] == [kept.is_met, exceeded.is_met]


def test_speed_and_cost_are_reciprocal():
    """Half the time is twice as fast, and half the cost."""
    samples = {"ours": Samples([1.0, 1.0], [3.0, 3.0]), "theirs": Samples([2.0, 2.0], [3.0, 3.0])}

    fast = times_as_fast("case", samples, base="theirs")
    cost = times_the_cost("case", samples, of="ours", base="theirs")

    assert [2.0, 1.0] == [row.ratio.median for row in fast if row.ratio]
    assert cost.ratio is not None
    assert 0.5 == cost.ratio.median


def test_time_on_the_wall_is_another_clock():
    """Ratios are of the clock that was asked for."""
    samples = {"ours": Samples([1.0], [3.0]), "theirs": Samples([2.0], [9.0])}

    rows = times_as_fast("case", samples, base="theirs", pick=WALL)

    assert [3.0, 1.0] == [row.ratio.median for row in rows if row.ratio]


def test_peers_that_were_not_measured_have_no_row():
    """One row beside each peer that is there, with its goal."""
    samples = {"ours": Samples([1.0], [1.0]), "fast": Samples([2.0], [2.0]), "slow": Samples([8.0], [8.0])}
    goal = Goal(">=", 5.0)

    rows = against("case", samples, ours="ours", peers={"fast": None, "slow": goal, "missing": goal})

    assert [("fast", 2.0, None), ("slow", 8.0, True)] == [
        (row.against, row.ratio.median, row.is_met) for row in rows if row.ratio
    ]


def test_missed_goal_is_shown_beside_its_row_and_at_the_end():
    """The text says which goals were met and which were missed, and counts them."""
    table = _table()

    text = as_text(FACTS, [table])

    assert ["slow"] == [row.name for row in missed([table])]
    assert "goal >= 2: met" in text
    assert "goal >= 2: MISSED" in text
    assert text.endswith("MISSED: case: slow against base: 1.50, goal >= 2\n1 of 2 goals met.")


def test_text_says_what_each_side_does():
    """The line about the work stands right below its case."""
    lines = as_text(FACTS, [_table()]).splitlines()

    assert "    work: both encode" == lines[lines.index("  case") + 1]


def test_json_holds_the_verdict_of_each_row():
    """A program reads the machine, the work, the figures and the verdicts."""
    report = json.loads(as_json(FACTS, [_table()]))

    assert FACTS == report["machine"]
    assert {"case": "both encode"} == report["topics"][0]["work"]
    assert [True, False, None] == [row["is_met"] for row in report["topics"][0]["rows"]]


def _table() -> Table:
    goal = Goal(">=", 2.0)
    rows = [
        Row("case", "quick", 1.0, "µs", Spread(2.9, 3.0, 3.1), "base", goal),
        Row("case", "slow", 2.0, "µs", Spread(1.4, 1.5, 1.6), "base", goal),
        Row("case", "peak", 40.0, "MB"),
    ]
    return Table("topic", "Title", "times as fast", rows, ["a remark"], {"case": "both encode"})
