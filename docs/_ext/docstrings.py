"""Docstrings are written in plain Markdown: this turns them into the reStructuredText that autodoc reads.

`code` becomes a literal, an indented block a literal block, and no other character means anything.
"""

import re
from collections.abc import Iterator

from sphinx.application import Sphinx

_CODE = re.compile(r"`([^`]+)`(?=(\w)?)")
_MARKUP = re.compile(r"([*|\\]|(?<=\w)_(?!\w))")


def to_rst(lines: list[str]) -> list[str]:
    """Returns the lines of a docstring as reStructuredText."""
    return list(_blocks(lines))


def _blocks(lines: list[str]) -> Iterator[str]:
    is_literal, before = False, ""
    text: list[str] = []
    for line in lines:
        starts = line.startswith("    ") and not before.strip()
        if starts and not is_literal:
            yield from [*_inline(text), "", "::", ""]
            text, is_literal = [], True
        if is_literal and line.strip() and not line.startswith("    "):
            is_literal = False
            yield ""
        if is_literal:
            yield line
        else:
            text.append(line)
        before = line
    yield from _inline(text)


def _inline(lines: list[str]) -> list[str]:
    """Marks the code in some lines, which may span two of them, and escapes the rest."""
    text, end = "\n".join(lines), 0
    parts: list[str] = []
    for found in _CODE.finditer(text):
        code = " ".join(found[1].split())
        parts += [_MARKUP.sub(r"\\\1", text[end : found.start()]), f"``{code}``", "\\ " if found[2] else ""]
        end = found.end()
    parts.append(_MARKUP.sub(r"\\\1", text[end:]))
    return "".join(parts).split("\n")


def _convert(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = to_rst(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _convert)
    return {"parallel_read_safe": True}
