"""The directives of the reference.

    .. names:: paycombat_async.webhooks

       unwrap verify Receipt

documents public names with autodoc, each with its members; the test of the reference compares them with `__all__`.

    .. shared:: paycombat_sync

lists the names of a module that are documented elsewhere, since they are the same objects there.
"""

import enum
import inspect
from dataclasses import is_dataclass

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from docs._ext.public import home, modules


def directive_for(value: object) -> str:
    """The directive of autodoc for an object."""
    if inspect.isclass(value):
        return "autoexception" if issubclass(value, BaseException) else "autoclass"
    return "autofunction" if inspect.isroutine(value) else "autodata"


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
            value = _value(self.arguments[0], name)
            lines += [f".. {directive_for(value)}:: {self.arguments[0]}.{name}", *_options(value), ""]
        return lines


def _value(module: str, name: str) -> object:
    if module in modules():
        return getattr(modules()[module], name)
    return getattr(__import__(module, fromlist=[name]), name)


def _options(value: object) -> list[str]:
    if inspect.isclass(value):
        if issubclass(value, BaseException):
            return ["   :show-inheritance:", "   :members:"]
        if issubclass(value, enum.Enum):  # a table shows its members
            return []
        fields = [
            *getattr(value, "__struct_fields__", ()),
            *getattr(value, "__dataclass_fields__", ()),
        ]  # in a table, too
        return ["   :members:", "   :undoc-members:", f"   :exclude-members: {', '.join(fields)}"]
    return ["   :no-value:"] if directive_for(value) == "autodata" and not isinstance(value, str) else []


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
    """Leaves out the signatures of classes that have a table, and of those that only a client makes."""
    if inspect.isclass(obj):
        has_table = hasattr(obj, "__struct_fields__") or is_dataclass(obj) or issubclass(obj, enum.Enum)
        if has_table or (signature or "").startswith(("(engine", "(runner")):
            return "", ""
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("names", Names)
    app.add_directive("shared", Shared)
    app.connect("autodoc-process-signature", _without_signature)
    return {"parallel_read_safe": True}
