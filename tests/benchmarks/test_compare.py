"""Two runs beside each other: what got better or worse, and by more than the noise."""

import json

import pytest

from benchmarks.__main__ import main
from benchmarks._compare import compare, read
from benchmarks._report import as_json
from benchmarks._results import Row, Table
from benchmarks._statistics import Spread

FACTS = {"machine": "a", "processor": "b", "python": "3.11", "libraries": "c"}


def fast(low: float, median: float, high: float) -> Row:
    """Times as fast as another."""
    return Row("case", "ours", 1.0, "µs", Spread(low, median, high), "theirs", more_is_better=True)


def cost(low: float, median: float, high: float) -> Row:
    """Times the cost of another."""
    return Row("case", "ours", 1.0, "µs", Spread(low, median, high), "theirs")


def figure(value: float, noise: float | None = None) -> Row:
    """A figure of which less is better, with a ratio that has no say where the noise of the figure is known."""
    ratio = None if noise is None else Spread(1.0, 1.0, 1.0)
    return Row("case", "memory", value, "MB", ratio, noise=noise)


def written(file, *rows: Row, **facts: str):
    file.write_bytes(as_json(FACTS | facts, [Table("topic", "Title", "meaning", list(rows))]))
    return file


CASES = {
    "the same": (fast(2.9, 3.0, 3.1), fast(2.9, 3.0, 3.1), ""),
    "faster": (fast(2.9, 3.0, 3.1), fast(3.4, 3.5, 3.6), "better"),
    "slower": (fast(2.9, 3.0, 3.1), fast(2.4, 2.5, 2.6), "WORSE"),
    "slower within the noise of the old run": (fast(2.0, 3.0, 4.0), fast(2.4, 2.5, 2.6), ""),
    "slower within the noise of the new run": (fast(2.9, 3.0, 3.1), fast(2.0, 2.5, 3.5), ""),
    "cheaper": (cost(0.9, 1.0, 1.1), cost(0.7, 0.8, 0.85), "better"),
    "dearer": (cost(0.9, 1.0, 1.1), cost(1.2, 1.3, 1.4), "WORSE"),
    "one sample, by a little": (figure(100.0), figure(109.0), ""),
    "one sample, by much": (figure(100.0), figure(130.0), "WORSE"),
    "a count that was nothing": (figure(0.0), figure(1.0), "WORSE"),
    "a figure that hardly has noise": (figure(1000.0, 0.01), figure(1030.0, 0.01), "WORSE"),
    "such a figure, within it": (figure(1000.0, 0.01), figure(1009.0, 0.01), ""),
}


@pytest.mark.parametrize(("old", "new", "verdict"), CASES.values(), ids=CASES)
def test_a_change_counts_beyond_the_noise_only(old, new, verdict, tmp_path, capsys):
    """And the command ends with 1 if one figure got worse."""
    files = [written(tmp_path / name, row) for name, row in (("old.json", old), ("new.json", new))]

    code = main(["compare", *map(str, files)])

    [one] = compare(*map(read, files))
    assert (verdict, int(verdict == "WORSE")) == (one.verdict, code)
    assert f"{int(verdict == 'WORSE')} worse and {int(verdict == 'better')} better" in capsys.readouterr().out


def test_the_table_has_old_new_and_change(tmp_path, capsys):
    """With what differs between the machines on top, and with figures that only one of the runs has."""
    old = written(tmp_path / "old.json", fast(2.9, 3.0, 3.1), Row("case", "dropped", 1.0, "MB"))
    new = written(tmp_path / "new.json", fast(3.4, 3.6, 3.8), Row("case", "added", 2.0, "MB"), python="3.13")

    main(["compare", str(old), str(new)])

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert [
        "python differs: 3.11 | 3.13",
        "old new change",
        "3.000 3.600 +20.0% better topic: case: ours against theirs",
        "2.000 new topic: case: added",
        "1.000 gone topic: case: dropped",
        "0 worse and 1 better beyond the noise, of 3",
    ] == lines


@pytest.mark.parametrize("content", [b"", b"{}", b'{"machine":{},"topics":[{"rows":[{}]}]}'])
def test_a_file_without_figures_is_a_usage_error(content, tmp_path, capsys):
    """It is named."""
    old, new = written(tmp_path / "old.json", figure(1.0)), tmp_path / "new.json"
    new.write_bytes(content)

    with pytest.raises(SystemExit) as stopped:
        main(["compare", str(old), str(new)])

    assert 2 == stopped.value.code
    assert "new.json has no figures" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["compare"], ["compare", "one.json"], ["verify", "one.json"]])
def test_a_wrong_number_of_files_is_a_usage_error(arguments, capsys):
    """Before anything is measured."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert 2 == stopped.value.code
    assert "OLD.json and NEW.json" in capsys.readouterr().err


def test_a_run_of_an_older_version_can_be_compared(tmp_path):
    """It does not say whether more is better: the new run does."""
    new = written(tmp_path / "new.json", fast(2.4, 2.5, 2.6))
    report = json.loads(written(tmp_path / "old.json", fast(2.9, 3.0, 3.1)).read_bytes())
    for row in report["topics"][0]["rows"]:
        del row["more_is_better"], row["noise"]
    (tmp_path / "old.json").write_text(json.dumps(report), encoding="utf-8")

    [one] = compare(read(tmp_path / "old.json"), read(new))

    assert "WORSE" == one.verdict
