"""The parts that build the site: docstrings, types, pictures, links."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta, UnsetType

pytest.importorskip("sphinx", reason="the extra `docs` is not installed; `nox -s docs` runs these tests")

from docs._ext.docstrings import to_rst
from docs._ext.drawing import CHARACTER, Arrow, Box, Note, Picture
from docs._ext.links import dead_links, named
from docs._ext.pictures import PICTURES
from docs._ext.type_text import type_text
from paycombat_async.schemas import CustomerType, Payout
from paycombat_async.schemas._base import Amount, Clear, NullableText, RequiredText

pytestmark = pytest.mark.promise("P18")


@pytest.mark.parametrize(
    ("markdown", "rst"),
    [
        ("`a` is code", "``a`` is code"),
        ("`Secret`s", "``Secret``\\ s"),
        ("code that `spans\nlines` ends", "code that ``spans lines`` ends"),
        ("a * b, c_ and |d|", "a \\* b, c\\_ and \\|d\\|"),
        ("snake_case stays", "snake_case stays"),
        ("`a_*` keeps its signs", "``a_*`` keeps its signs"),
        ("text\n\n    a  tree\n      of  `lines`\n\nmore", "text\n\n\n::\n\n    a  tree\n      of  `lines`\n\n\nmore"),
        ("```python\nx = `1`\n```\nmore", "\n\n.. code-block:: python\n   :force:\n\n   x = `1`\n\nmore"),
    ],
)
def test_a_docstring_in_markdown_becomes_rst(markdown, rst):
    """Code is code, and no other sign means anything."""
    assert "\n".join(to_rst(markdown.split("\n"))) == rst


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (str | UnsetType, "str"),
        (Amount, "`Decimal` or int"),
        (NullableText, "str or None"),
        (RequiredText, "str, 1 to 255 characters"),
        (Literal["a", "b"] | Clear | UnsetType, '`"a"` or `"b"` or `""` to clear'),
        (Annotated[str | None, Meta(extra={"known": CustomerType})], "str or None, see `CustomerType`"),
        (list[Payout] | None, "list of `Payout` or None"),
        (Mapping[str, object] | UnsetType, "mapping"),
        (dict[str, Decimal], "mapping of str to `Decimal`"),
        (object, "any JSON value"),
    ],
)
def test_a_type_is_said_in_words(annotation, text):
    """Those of users, without what only the decoder needs."""
    assert type_text(annotation) == text


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("CreatePayout", "paycombat_async.CreatePayout"),
        ("await paycombat.payouts.create(request)", "paycombat_async.resources.payouts.Payouts.create"),
        ("payouts.list", "paycombat_async.resources.payouts.Payouts.list"),
        ("Outcome.UNKNOWN", "paycombat_async.Outcome.UNKNOWN"),
        ("webhooks.unwrap(body, headers, keys)", "paycombat_async.webhooks.unwrap"),
        ("Payout.status", "paycombat_async.Payout.status"),
        ("order_id", None),
        ("a = CreatePayout", None),
    ],
)
def test_code_that_is_a_public_name_is_a_link(code, place):
    """To the one place where it is documented."""
    assert named(code) == place


def test_dead_links_are_found(tmp_path: Path):
    """To files and to elements; addresses of others are not tried."""
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="#here">1</a><a href="#gone">2</a><a href="b.html#there">3</a>'
        '<a href="c.html">4</a><a href="https://example.com/">5</a><img src="d.png"></p>',
        encoding="utf-8",
    )
    (tmp_path / "b.html").write_text("<p id='there'></p>", encoding="utf-8")

    assert dead_links(tmp_path) == ["a.html: #gone", "a.html: c.html", "a.html: d.png"]


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_a_picture_fits(picture: Picture):
    """Texts in their boxes and boxes in the picture, also where the font is wide."""
    boxes = [part for part in picture.parts if isinstance(part, Box)]
    arrows = [part for part in picture.parts if isinstance(part, Arrow)]
    notes = [part for part in picture.parts if isinstance(part, Note)] + [arrow.note for arrow in arrows if arrow.label]

    too_wide = [line for box in boxes for line in box.lines if len(line) * CHARACTER > box.width - 8]
    outside = [box for box in boxes if box.left[0] < 1 or box.right[0] > 419 or box.bottom[1] > picture.height - 1]
    cut = [note for note in notes if note.area[0] < 0 or note.area[2] > 420 or note.area[3] > picture.height]
    crossing = [(note.text, box.text) for note in notes for box in boxes if overlap(note, box)]
    assert ([], [], [], []) == (too_wide, outside, cut, crossing)


def overlap(note: Note, box: Box) -> bool:
    """Whether a text lies on a box."""
    left, top, right, bottom = note.area
    return left < box.right[0] and right > box.left[0] and top < box.bottom[1] and bottom > box.y


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_can_be_read_aloud(name):
    """It has a title and says all of it in words; its ids do not clash with those of another one."""
    picture = PICTURES[name]
    svg = picture.svg(name)

    assert f'role="img" aria-labelledby="{name}-title {name}-alt"' in svg
    assert len(picture.alt) > 100
    assert "fill=" not in svg
    assert f"url(#{name}-head)" in svg
