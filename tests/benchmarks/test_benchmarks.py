"""The benchmarks run, and what they say is sane. How fast anything is, is not asserted here."""

import json
from importlib import import_module
from importlib.util import find_spec

import pytest

from benchmarks import _peers
from benchmarks.__main__ import TOPICS, main
from benchmarks._report import as_json
from tests.benchmarks.efforts import TINY

SLOW_PEERS = {"stripe", "openai"}  # each process that imports them takes half a second
LEFT_OUT = {
    "sign": ["orjson", "pydantic"],
    "decode": ["orjson", "pydantic"],
    "webhook": ["orjson", "pydantic"],
    "sync": ["requests", "httpx2", "httpx"],
}


OTHERS = {"instructions", "scale", "workers"}  # they have tests of their own


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic not in OTHERS])
def test_every_benchmark_gives_sane_figures_and_says_what_it_compares(topic, monkeypatch):
    """Figures are positive, spreads in order, and the first case of each table has its line on the work."""
    monkeypatch.setattr(_peers, "find_spec", lambda name: None if name in SLOW_PEERS else find_spec(name))

    report = json.loads(as_json({}, import_module(f"benchmarks.bench_{topic}").run(TINY)))

    rows = [row for table in report["topics"] for row in table["rows"]]
    spreads = [row["ratio"] for row in rows if row["ratio"]]
    assert {topic} == {table["topic"] for table in report["topics"]}
    assert all(row["figure"] > 0 or row["unit"] in {"MB", "modules", "files"} for row in rows)
    assert all(0 < spread["low"] <= spread["median"] <= spread["high"] for spread in spreads)
    assert all(table["rows"][0]["case"] in table["work"] for table in report["topics"] if table["rows"])


def test_quick_run_writes_what_it_prints(tmp_path, capsys):
    """A quick run ends well whatever the goals, prints a table and writes it as JSON."""
    file = tmp_path / "figures.json"

    code = main(["verify", "--quick", "--json", str(file)])

    report = json.loads(file.read_bytes())
    shown = capsys.readouterr().out
    assert 0 == code
    assert report["machine"]["python"] in shown
    assert all(row["name"] in shown for row in report["topics"][0]["rows"])


def test_plot_and_readme_are_written_on_request(tmp_path):
    """One run renews both."""
    pytest.importorskip("matplotlib", reason="the extra `bench` is not installed")
    readme = tmp_path / "README.md"
    readme.write_text("<!-- benchmarks -->\n<!-- /benchmarks -->\n", encoding="utf-8")

    main(["decode", "--quick", "--plot", str(tmp_path / "speed.svg"), "--readme", str(readme)])

    assert (tmp_path / "speed.svg").stat().st_size > 1_000
    assert "| read an answer | json.loads |" in readme.read_text(encoding="utf-8")


def test_plot_without_matplotlib_is_refused_before_anything_is_measured(monkeypatch, tmp_path, capsys):
    """Nobody waits ten minutes to learn that a library is missing."""
    monkeypatch.setattr(_peers, "find_spec", lambda name: None)

    with pytest.raises(SystemExit) as stopped:
        main(["all", "--plot", str(tmp_path / "speed.svg")])

    assert 2 == stopped.value.code
    assert "pip install 'paycombat[bench]'" in capsys.readouterr().err


@pytest.mark.parametrize(("topic", "peers"), LEFT_OUT.items(), ids=LEFT_OUT)
def test_missing_peers_are_left_out_and_named(topic, peers, monkeypatch):
    """Without the peers the rest is measured all the same, and a note says what is missing."""
    monkeypatch.setattr(_peers, "find_spec", lambda name: None)

    tables = import_module(f"benchmarks.bench_{topic}").run(TINY)

    remarks = [remark for table in tables for remark in table.remarks]
    assert tables[0].rows
    assert all(any(remark.startswith(f"{peer} is not installed") for remark in remarks) for peer in peers)


def test_unknown_topic_is_refused(capsys):
    """A topic that does not exist is a usage error that names those that do."""
    with pytest.raises(SystemExit) as stopped:
        main(["speed"])

    assert 2 == stopped.value.code
    assert "decode" in capsys.readouterr().err
