"""Boxes, arrows and texts as SVG. Colours are classes, which `_static/site.css` defines for light and dark pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

LINE = 17  # px between two lines of text
CHARACTER = 6.6  # px: the widest average character at the size of the texts in boxes (13 px)
SMALL_CHARACTER = 6.1  # px: the same for labels (12 px)


@dataclass(frozen=True)
class Box:
    """A box with its middle at the top at (x, y). `kind` is its colour: good, bad, wait, doubt, plain or store."""

    x: float
    y: float
    width: float
    text: str
    kind: str = "plain"

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def height(self) -> float:
        return LINE * len(self.lines) + 14

    @property
    def top(self) -> tuple[float, float]:
        return self.x, self.y

    @property
    def bottom(self) -> tuple[float, float]:
        return self.x, self.y + self.height

    @property
    def left(self) -> tuple[float, float]:
        return self.x - self.width / 2, self.y + self.height / 2

    @property
    def right(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def svg(self) -> str:
        begun = f'<rect class="box {self.kind}" x="{self.left[0]:g}" y="{self.y:g}" width="{self.width:g}"'
        texts = [
            _text(self.x, self.y + 19 + LINE * number, line, "strong" if number == 0 else "small", "middle")
            for number, line in enumerate(self.lines)
        ]
        return f'{begun} height="{self.height:g}" rx="7"/>{"".join(texts)}'


@dataclass(frozen=True)
class Arrow:
    """A line through points, with a head at its end. The label stands at `at`, by default right of its middle."""

    points: Sequence[tuple[float, float]]
    label: str = ""
    at: tuple[float, float] | None = None
    anchor: str = "start"
    is_dashed: bool = False

    @property
    def note(self) -> "Note":
        """The label, where it is drawn."""
        (x1, y1), (x2, y2) = self.points[0], self.points[-1]
        x, y = self.at or ((x1 + x2) / 2 + 7, (y1 + y2) / 2 + 4)
        return Note(x, y, self.label, self.anchor)

    def svg(self) -> str:
        path = "M" + " L".join(f"{x:g} {y:g}" for x, y in self.points)
        kind = "arrow dashed" if self.is_dashed else "arrow"
        return f'<path class="{kind}" d="{path}" marker-end="url(#head)"/>{self.note.svg() if self.label else ""}'


@dataclass(frozen=True)
class Note:
    """Text without a box."""

    x: float
    y: float
    text: str
    anchor: str = "start"

    @property
    def area(self) -> tuple[float, float, float, float]:
        """About where the text is: left, top, right, bottom."""
        lines = self.text.split("\n")
        width = max(map(len, lines)) * SMALL_CHARACTER
        left = self.x - width if self.anchor == "end" else self.x
        return left, self.y - 10, left + width, self.y + 15 * (len(lines) - 1) + 3

    def svg(self) -> str:
        lines = enumerate(self.text.split("\n"))
        return "".join(_text(self.x, self.y + 15 * number, line, "label", self.anchor) for number, line in lines)


Part: TypeAlias = Box | Arrow | Note


@dataclass(frozen=True)
class Picture:
    """A drawing of `width` x `height` px; `alt` says all of it in words."""

    title: str
    alt: str
    height: float
    parts: Sequence[Part]
    width: float = 420

    def svg(self, name: str) -> str:
        """Returns the SVG as an element of a page. `name` makes its ids unique there."""
        parts = "".join(part.svg() for part in self.parts).replace("#head", f"#{name}-head")
        head = (
            f'<defs><marker id="{name}-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto-start-reverse"><path class="head" d="M0 0 L8 4 L0 8 z"/></marker></defs>'
        )
        labels = f'<title id="{name}-title">{escape(self.title)}</title><desc id="{name}-alt">{escape(self.alt)}</desc>'
        attributes = (
            f'class="picture" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'role="img" aria-labelledby="{name}-title {name}-alt"'
        )
        return f"<svg {attributes}>{labels}{head}{parts}</svg>"


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
