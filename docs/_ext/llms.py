"""`llms.txt`, a list of the pages with a sentence on each, and `llms-full.txt`, all of them as plain text."""

from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import toctree
from sphinx.application import Sphinx
from sphinx.builders.text import TextBuilder
from sphinx.writers.text import TextTranslator

_SUMMARY = (
    "The Python SDK for the PayCombat payment API: async-first (aiohttp, msgspec, anyio), with the same API blocking. "
    "Payins, payouts, checkouts, customers, webhooks, batch updates, and a sandbox."
)


def sections(app: Sphinx) -> Iterator[tuple[str, list[str]]]:
    """Yields the captions of the front page's tables of contents, each with its pages in order."""
    for tree in app.env.get_doctree("index").findall(toctree):
        yield tree["caption"] or "Pages", list(_with_children(app, [name for _, name in tree["entries"]]))


def _with_children(app: Sphinx, names: list[str]) -> Iterator[str]:
    for name in names:
        yield name
        yield from _with_children(app, app.env.toctree_includes.get(name, []))


def _first_sentence(tree: nodes.document) -> str:
    found = next(tree.findall(nodes.paragraph), None)
    text = "" if found is None else " ".join(found.astext().split())
    return text.partition(". ")[0].rstrip(".:")


def _plain(builder: TextBuilder, tree: nodes.document) -> str:
    """Returns a page as text, with each row of a table on a line of its own. Changes the tree."""
    for table in list(tree.findall(nodes.table)):
        rows = [
            " | ".join(" ".join(cell.astext().split()) for cell in row.findall(nodes.entry))
            for row in table.findall(nodes.row)
        ]
        table.replace_self(nodes.line_block("", *(nodes.line(row, row) for row in rows)))
    for picture in list(tree.findall(nodes.raw)):
        picture.replace_self(nodes.paragraph("", picture.get("alt", "")))
    translator = TextTranslator(tree, builder)
    tree.walkabout(translator)
    return translator.body


def _write(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.name != "html":
        return
    index, full = [f"# paycombat\n\n> {_SUMMARY}\n"], [f"# paycombat\n\n{_SUMMARY}\n"]
    builder = TextBuilder(app, app.env)
    builder.init()
    for caption, names in sections(app):
        index.append(f"\n## {caption}\n")
        for name in names:
            title = app.env.titles[name].astext()
            tree = app.env.get_and_resolve_doctree(name, builder)
            index.append(f"- [{title}]({name}.html): {_first_sentence(tree)}")
            full.append(f"\n{'=' * 100}\n{name}.html\n\n{_plain(builder, tree)}")
    site = Path(app.outdir)
    (site / "llms.txt").write_text("\n".join(index) + "\n", encoding="utf-8")
    (site / "llms-full.txt").write_text("\n".join(full) + "\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True}
