"""Tables of the fields of Structs and of the members of enums, as directives; autodoc puts them under each class."""

import enum
import importlib
import inspect

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.python import PythonDomain
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from docs._ext.docstrings import to_rst
from docs._ext.notes import Field, classes, comments, is_of_the_provider, rows
from paycombat_async.schemas._base import Part


class FieldTable(SphinxDirective):
    """`.. fields:: paycombat_async.CreatePayout`: one row for each field, with a place to link to."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        place = self.arguments[0]
        kind = classes()[place]
        is_sure = is_of_the_provider(kind)
        heads = ["field", "what it is", *([":ref:`how sure <how-sure>`"] if is_sure else [])]
        table, body = table_of([self.parse_text_to_nodes(head) for head in heads], "fields")
        for field in rows(kind):
            name = nodes.entry("", nodes.paragraph("", "", _code(field.name)), ids=[self._target(place, field.name)])
            body += nodes.row("", name, self._what(field, kind), *([badge(field.evidence)] if is_sure else []))
        return [table]

    def _what(self, field: Field, kind: type) -> nodes.entry:
        needed = "required" if field.is_required and issubclass(kind, Part) else ""
        facts = ", ".join(fact for fact in (field.type, needed) if fact)
        text = "\n".join([*to_rst((field.text or "").split("\n")), "", *to_rst([facts])])
        entry = nodes.entry("", *self.parse_text_to_nodes(text))
        entry.children[-1]["classes"] = ["type"]  # type: ignore[index]  # a paragraph
        return entry

    def _target(self, place: str, name: str) -> str:
        return note_target(self.env, f"{place}.{name}", "attribute", self.state.document)


class MemberTable(SphinxDirective):
    """`.. members:: paycombat_async.Outcome`: the members of an enum, with the comments beside them."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        module, _, name = self.arguments[0].rpartition(".")
        kind: type[enum.Enum] = getattr(importlib.import_module(module), name)
        said = comments(kind)
        heads = ["member", "value", *(["meaning"] if any(said.values()) else [])]
        table, body = table_of([self.parse_text_to_nodes(head) for head in heads], "members")
        for member in kind:
            target = note_target(self.env, f"{self.arguments[0]}.{member.name}", "attribute", self.state.document)
            first = nodes.entry("", nodes.paragraph("", "", _code(member.name)), ids=[target])
            meaning = nodes.entry("", *self.parse_text_to_nodes("\n".join(to_rst([said.get(member.name, "")]))))
            value = nodes.entry("", nodes.paragraph("", "", _code(repr(member.value))))
            body += nodes.row("", first, value, *([meaning] if any(said.values()) else []))
        return [table]


def table_of(heads: list[list[nodes.Node]], kind: str) -> tuple[nodes.table, nodes.tbody]:
    """An empty table with these heads, and its body."""
    body = nodes.tbody()
    cells = [nodes.entry("", *head) for head in heads]
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in heads), nodes.thead("", nodes.row("", *cells)), body)
    group["cols"] = len(heads)
    return nodes.table("", group, classes=[kind]), body


def _code(text: str) -> nodes.literal:
    return nodes.literal("", text)


def badge(evidence: str | None) -> nodes.entry:
    """A cell with the evidence."""
    name = evidence or "unknown"
    return nodes.entry("", nodes.paragraph("", "", nodes.inline("", name, classes=["evidence", name])))


def note_target(env: BuildEnvironment, name: str, kind: str, document: nodes.document) -> str:
    """Makes the name a target of links and of the search, and returns its id."""
    target = nodes.make_id(name) if name in document.ids else name
    domain = env.get_domain("py")
    assert isinstance(domain, PythonDomain)
    domain.note_object(name, kind, target)
    return target


def _append(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    if what in {"class", "exception"} and name in classes():
        lines += ["", f".. fields:: {name}", ""]
    elif inspect.isclass(obj) and issubclass(obj, enum.Enum):
        lines += ["", f".. members:: {name}", ""]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("fields", FieldTable)
    app.add_directive("members", MemberTable)
    app.connect("autodoc-process-docstring", _append, priority=600)  # after the docstring was converted
    app.connect("env-get-outdated", _outdated)
    return {"parallel_read_safe": True}


def _outdated(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """The pages to read again: all of the reference, since code or notes may have changed."""
    return [name for name in env.found_docs if name.startswith("reference/")]
