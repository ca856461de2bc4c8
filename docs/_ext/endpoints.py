"""`.. endpoints:: paycombat_async.endpoints`: a table of constants, made from the constants themselves."""

from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from docs._ext.docstrings import to_rst
from docs._ext.fields import badge, note_target, table_of
from paycombat_async.endpoints import Endpoint, Repeat

_REPEAT = {Repeat.SAFE: "safe to repeat", Repeat.ONLY_IF_UNSENT: "never sent twice"}


class Endpoints(SphinxDirective):
    """One row for each constant, with a place to link to."""

    has_content = True
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        module = self.arguments[0]
        heads = ["constant", "call, method and path", ":ref:`how sure <how-sure>`"]
        table, body = table_of([self.parse_text_to_nodes(head) for head in heads], "fields")
        for name in " ".join(self.content).split():
            endpoint: Endpoint[Any, Any] = getattr(import_module(module), name)
            target = note_target(self.env, f"{module}.{name}", "data", self.state.document)
            first = nodes.entry("", nodes.paragraph("", "", nodes.literal("", name)), ids=[target])
            what = nodes.entry("", *self.parse_text_to_nodes("\n".join(to_rst(_lines(endpoint)))))
            body += nodes.row("", first, what, badge(endpoint.evidence))
        return [table]


def _lines(endpoint: Endpoint[Any, Any]) -> list[str]:
    path = "no path on record" if endpoint.path is None else f"`{endpoint.path}`"
    request = "no body" if endpoint.request is type(None) else f"`{endpoint.request.__name__}`"
    lines = [f"`{endpoint.name}`: {endpoint.method} {path}", "", f"{request}, {_REPEAT[endpoint.repeat]}"]
    return [*lines, *(["", f"Also tried by `paycombat probe`: {_codes(endpoint)}"] if endpoint.alternatives else [])]


def _codes(endpoint: Endpoint[Any, Any]) -> str:
    return ", ".join(f"`{path}`" for path in endpoint.alternatives)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("endpoints", Endpoints)
    return {"parallel_read_safe": True}
