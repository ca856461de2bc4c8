"""The headlines of a run, its picture and the README's table."""

from pathlib import Path

import pytest

from benchmarks._headlines import as_markdown, headlines, renew
from benchmarks._results import Goal, Row, Table
from benchmarks._statistics import Spread

FACTS = {
    "date": "2026-11-22",
    "processor": "a processor",
    "python": "CPython",
    "libraries": "aiohttp 3.14.5",
}
PNG, SVG = b"\x89PNG", b"<?xml"


def test_headline_of_a_cost_is_turned_into_speed():
    """Half the cost of an import is twice as fast, and so is its goal."""
    (line,) = headlines([_import()])

    assert ("import", "aiohttp") == (line.what, line.beside)
    assert Spread(1.6, 2.0, 2.5) == line.ratio
    assert 2.0 == line.goal
    assert line.is_met


def test_longest_batch_with_a_goal_is_the_headline():
    """Of several batches, the one that the goal is for is shown."""
    against = "bare loop of customers.update"
    rows = [
        Row("2,000 rows", "sync_customers with journal", 1.0, "µs", Spread(0.6, 0.7, 0.8), against),
        Row("100,000 rows", "sync_customers with journal", 1.0, "µs", Spread(0.9, 1.0, 1.1), against, Goal(">=", 0.9)),
    ]

    (line,) = headlines([Table("batch", "Title", "times the rate", rows)])

    assert 1.0 == line.ratio.median


def test_goal_out_of_reach_is_seen_beside_the_least_there_is_to_do():
    """The least is found for the same comparison, and no other."""
    rows = [
        Row("clean", "paycombat, interpret", 3.0, "µs", Spread(2.7, 2.8, 2.9), "json.loads", Goal(">=", 3.5)),
        Row("clean", "least: msgspec", 2.0, "µs", Spread(4.3, 4.4, 4.5), "json.loads"),
        Row("clean", "least: msgspec", 2.0, "µs", Spread(3.3, 3.4, 3.5), "pydantic"),
    ]

    (line,) = headlines([Table("decode", "Title", "times as fast", rows)])

    assert (False, 3.5, 4.4) == (line.is_met, line.goal, line.least)


def test_table_of_the_readme_says_when_and_what_it_does_not_show():
    """The ratio with its spread, the goal with its verdict, date, machine and limits."""
    table = as_markdown(FACTS, [_import()])

    assert "| import | aiohttp | 2.00 (1.60 to 2.50) | 2.00: met |  |" in table.splitlines()
    assert "2026-11-22" in table
    assert "does not show TLS" in table


def test_readme_is_renewed_between_its_markers(tmp_path):
    """What stands around the markers stays, what stands between them goes."""
    file = tmp_path / "README.md"
    file.write_text("before\n<!-- benchmarks -->\nold\n<!-- /benchmarks -->\nafter\n", encoding="utf-8")

    renew(file, FACTS, [_import()])

    text = file.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- benchmarks -->\n| what |")
    assert text.endswith("<!-- /benchmarks -->\nafter\n")
    assert "old" not in text


def test_readme_without_markers_is_refused(tmp_path):
    """A table is not put anywhere by guess."""
    file = tmp_path / "README.md"
    file.write_text("nothing", encoding="utf-8")

    with pytest.raises(ValueError, match=r"README\.md lacks the markers"):
        renew(file, FACTS, [_import()])


@pytest.mark.parametrize(("name", "begin"), [("speed.svg", SVG), ("speed.png", PNG)], ids=["svg", "png"])
def test_picture_is_written_without_any_path_of_this_machine(name, begin, tmp_path):
    """The file is of the kind its name says; where it was made does not show."""
    pytest.importorskip("matplotlib", reason="the extra `bench` is not installed")
    from benchmarks._picture import draw

    draw(tmp_path / name, FACTS, [_import()])

    picture = (tmp_path / name).read_bytes()
    assert picture.startswith(begin)
    assert not [place for place in (tmp_path, Path.cwd(), Path.home()) if f"{place}/".encode() in picture]


def test_picture_of_nothing_is_refused(tmp_path):
    """A run of a topic that the picture does not show is told so."""
    pytest.importorskip("matplotlib", reason="the extra `bench` is not installed")
    from benchmarks._picture import draw

    with pytest.raises(ValueError, match="nothing measured"):
        draw(tmp_path / "speed.svg", FACTS, [])


def _import() -> Table:
    row = Row("cold import", "paycombat_async", 60.0, "ms", Spread(0.4, 0.5, 0.625), "aiohttp", Goal("<=", 0.5))
    return Table("import", "Import", "times the processor time", [row])
