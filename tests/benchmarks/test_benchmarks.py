"""The benchmarks run, and what they say is sane. How fast anything is, is not asserted here."""

import json

import pytest

from benchmarks import _peers
from benchmarks.__main__ import main

TOPICS = ["sign", "decode", "call", "sync", "import", "batch"]


@pytest.mark.parametrize("topic", TOPICS)
def test_quick_run_gives_positive_figures(topic, tmp_path, capsys):
    """A quick run ends well whatever the goals, and writes the figures it prints as JSON."""
    file = tmp_path / "figures.json"

    code = main([topic, "--quick", "--json", str(file)])

    report = json.loads(file.read_bytes())
    rows = [row for table in report["topics"] for row in table["rows"]]
    assert 0 == code
    assert {topic} == {table["topic"] for table in report["topics"]}
    assert rows
    assert all(row["figure"] > 0 or row["unit"] == "MB" for row in rows)
    assert all(
        0 < row["ratio"]["low"] <= row["ratio"]["median"] <= row["ratio"]["high"] for row in rows if row["ratio"]
    )
    assert rows[0]["name"] in capsys.readouterr().out


@pytest.mark.parametrize("topic", ["sign", "decode", "sync"])
def test_missing_peers_are_left_out_and_named(topic, monkeypatch, capsys):
    """Without the peers the rest is measured all the same, and a note says what is missing."""
    monkeypatch.setattr(_peers, "find_spec", lambda name: None)

    code = main([topic, "--quick"])

    shown = capsys.readouterr().out
    peers = ["requests", "httpx"] if topic == "sync" else ["orjson", "pydantic"]
    assert 0 == code
    assert all(f"note: {peer} is not installed" in shown for peer in peers)


def test_unknown_topic_is_refused(capsys):
    """A topic that does not exist is a usage error that names those that do."""
    with pytest.raises(SystemExit) as stopped:
        main(["speed"])

    assert 2 == stopped.value.code
    assert "decode" in capsys.readouterr().err
