"""The directives of the reference; its test compares the names in them with `__all__`.

    .. names:: paycombat_async.webhooks

       unwrap verify Receipt

documents classes, functions and modules with autodoc, each with its members.

    .. constants:: paycombat_async

       UNSET: The default of every optional field.

documents what has no docstring of its own.

    .. shared:: paycombat_sync

lists the names of a module that are documented elsewhere, since they are the same objects there.
"""

import enum
import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from importlib import import_module

from docutils import nodes
from sphinx.addnodes import desc_annotation
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from docs._ext.docstrings import to_rst
from docs._ext.public import home, modules


class Generated(SphinxDirective):
    """A directive that writes reStructuredText."""

    has_content = True
    required_arguments = 1

    def lines(self) -> list[str]:
        """The reStructuredText that takes its place."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(self.lines()), allow_section_headings=True)


class Names(Generated):
    """Documents public names."""

    def lines(self) -> list[str]:
        lines = []
        for name in " ".join(self.content).split():
            value = getattr(import_module(self.arguments[0]), name)
            lines += [f".. {directive_for(value)}:: {self.arguments[0]}.{name}", *_options(value), ""]
        return lines


_KINDS: tuple[tuple[Callable[[object], bool], str], ...] = (
    (lambda value: inspect.isclass(value) and issubclass(value, BaseException), "autoexception"),
    (inspect.isclass, "autoclass"),
    (inspect.isroutine, "autofunction"),
    (inspect.ismodule, "autodata"),
)


def directive_for(value: object) -> str:
    """The directive of autodoc for an object. Raises `ExtensionError` for one without a docstring of its own."""
    for fits, directive in _KINDS:
        if fits(value):
            return directive
    raise ExtensionError(f"{value!r} has no docstring of its own: use `constants`")


def _options(value: object) -> list[str]:
    if not inspect.isclass(value):
        return ["   :no-value:"] if inspect.ismodule(value) else []
    if issubclass(value, BaseException):
        return ["   :show-inheritance:", "   :members:"]
    if issubclass(value, enum.Enum):  # a table shows its members
        return []
    fields = [*getattr(value, "__struct_fields__", ()), *getattr(value, "__dataclass_fields__", ())]  # in a table, too
    return ["   :members:", "   :undoc-members:", f"   :exclude-members: {', '.join(fields)}"]


class Constants(Generated):
    """Documents names by the text beside them."""

    def lines(self) -> list[str]:
        lines = []
        for line in filter(None, self.content):
            name, _, text = line.partition(": ")
            getattr(import_module(self.arguments[0]), name)  # it must exist
            lines += [f".. py:data:: {self.arguments[0]}.{name}", "", *(f"   {each}" for each in to_rst([text])), ""]
        return lines


class Shared(Generated):
    """Lists names that are documented elsewhere."""

    has_content = False

    def lines(self) -> list[str]:
        module = self.arguments[0]
        names = [(name, home(module, name)) for name in modules()[module].__all__]
        links = [f":py:obj:`{name} <{place}>`" for name, place in names if not place.startswith(f"{module}.")]
        return [", ".join(links)]


def _without_signature(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str, returns: str
) -> tuple[str, str] | None:
    """Leaves out the signatures of classes that have a table, of protocols, and of those that only a client makes."""
    if inspect.isclass(obj):
        has_table = hasattr(obj, "__struct_fields__") or is_dataclass(obj) or issubclass(obj, enum.Enum)
        is_made_by_us = (signature or "").startswith(("(engine", "(runner"))
        if has_table or is_made_by_us or getattr(obj, "_is_protocol", False):
            return "", ""
    return None


def _without_objects(app: Sphinx, tree: nodes.document) -> None:
    """Leaves out values of attributes that are objects of the SDK: their repr says nothing."""
    for value in list(tree.findall(desc_annotation)):
        if value.astext().startswith(" = ") and any(sign in value.astext() for sign in ("<paycombat_", "(***)")):
            value.parent.remove(value)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("names", Names)
    app.add_directive("constants", Constants)
    app.add_directive("shared", Shared)
    app.connect("autodoc-process-signature", _without_signature)
    app.connect("doctree-read", _without_objects)
    return {"parallel_read_safe": True}
