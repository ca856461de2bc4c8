"""What may be shown on a terminal."""

import json

import pytest

from paycombat_async._printable import printable, printable_json


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zoë 한빛 😀", "Zoë 한빛 😀"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("two\nlines\t", "two\\x0alines\\x09"),
        ("c1 \x9b", "c1 \\x9b"),
        ("rtl \u202e!", "rtl \\u202e!"),
        ("half \ud800", "half \\ud800"),
    ],
    ids=["letters", "escape", "line end", "c1", "bidi", "surrogate"],
)
def test_controls_are_written_out(text: str, expected: str) -> None:
    """Letters of any script stay, what drives a terminal does not."""
    assert expected == printable(text)


def test_long_text_is_clipped() -> None:
    """The limit counts the characters that are kept."""
    assert "ab…" == printable("abcdef", limit=3)


def test_json_stays_json() -> None:
    """Escaped JSON means the same and keeps its lines."""
    value = {"name": "\u202e\x7f"}

    shown = printable_json(json.dumps(value, ensure_ascii=False, indent=2))

    assert value == json.loads(shown)
    assert 3 == len(shown.splitlines())
    assert "\u202e" not in shown
