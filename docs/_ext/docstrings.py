"""Docstrings are written in plain Markdown: this turns them into the reStructuredText that autodoc reads.

`code` becomes a literal, a fenced or indented block a literal block, and no other character means anything.
"""

import re
from collections.abc import Iterator
from importlib import import_module

from sphinx.application import Sphinx

from docs._ext.public import inherited_doc

_CODE = re.compile(r"`([^`]+)`(?=(\w)?)")
_MARKUP = re.compile(r"([*|\\]|(?<=\w)_(?!\w))")


def to_rst(lines: list[str]) -> list[str]:
    """Returns the lines of a docstring as reStructuredText."""
    found: list[str] = []
    text: list[str] = []
    blocks = iter(lines)
    before = ""
    for line in blocks:
        if line.startswith("```"):
            found += [*_inline(text), "", f".. code-block:: {line[3:] or 'text'}", "   :force:", ""]  # with … in it
            found += [f"   {each}" for each in iter(lambda: next(blocks, "```"), "```")] + [""]
            text = []
        elif line.startswith("    ") and not before.strip():
            literal, rest = _literal(line, blocks)
            found += [*_inline(text), "", "::", "", *literal, ""]
            text = rest
        else:
            text.append(line)
        before = line
    return [*found, *_inline(text)]


def _literal(first: str, lines: Iterator[str]) -> tuple[list[str], list[str]]:
    """Returns the lines of an indented block, and the one after it, if any."""
    found = [first]
    for line in lines:
        if line.strip() and not line.startswith("    "):
            return found, [line]
        found.append(line)
    return found, []


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


def _inherit(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Gives a method without a docstring that of the protocol which its class implements."""
    if what == "method" and not "".join(lines).strip():
        place, _, method = name.rpartition(".")
        module, _, kind = place.rpartition(".")
        lines[:] = (inherited_doc(getattr(import_module(module), kind), method) or "").split("\n")


def _convert(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = to_rst(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _inherit, priority=400)
    app.connect("autodoc-process-docstring", _convert)
    return {"parallel_read_safe": True}
