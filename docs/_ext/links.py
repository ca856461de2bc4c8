"""Links: words in code that are public names, types in signatures, and a check of all links of the built site."""

import builtins
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.python import PythonDomain
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

from docs._ext.public import documented_as, targets

_CALL = re.compile(r"(?:await )?(?:(?:client|paycombat)\.)?([A-Za-z_][\w.]*)(?:\(.*\))?")
_NOT_LINKED = (nodes.reference, nodes.title, pending_xref)


def named(code: str) -> str | None:
    """Returns the full public name that a piece of code is, or calls; None if it is none."""
    found = _CALL.fullmatch(code)
    return targets().get(found[1]) if found else None


def _link_words(app: Sphinx, tree: nodes.document) -> None:
    """Makes links of literals such as `CreatePayout` and `payouts.create(…)`, in prose and in docstrings alike."""
    for literal in list(tree.findall(nodes.literal)):
        target = named(literal.astext())
        if target is None or any(isinstance(parent, _NOT_LINKED) for parent in _parents(literal)):
            continue
        link = pending_xref("", refdomain="py", reftype="obj", reftarget=target, refexplicit=True, refwarn=True)
        literal.replace_self(link)
        link += literal


def _unlink_builtins(app: Sphinx, tree: nodes.document) -> None:
    """Makes `type` and the like in signatures plain text: Sphinx would look for fields of these names."""
    for link in list(tree.findall(pending_xref)):
        if link.get("reftype") == "class" and hasattr(builtins, link.get("reftarget", "")):
            link.replace_self(nodes.Text(link["reftarget"]))


def _parents(node: nodes.Node) -> list[nodes.Node]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def _resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, contents: nodes.Element) -> nodes.Element | None:
    """Leads a name in a signature, which is that of the private module, to where the object is documented."""
    target = node.get("reftarget", "")
    public = documented_as().get(target) or targets().get(target)
    if node.get("refdomain") != "py" or public is None or public == target:
        return None
    domain = env.get_domain("py")
    assert isinstance(domain, PythonDomain)
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", public, node, contents)


class _Page(HTMLParser):
    """The ids of a page, and the addresses that it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if name in {"href", "src"} and value:
                self.links.add(value)


def dead_links(site: Path) -> list[str]:
    """Returns the links of a built site that lead nowhere in it: to no file, or to no element of a page."""
    pages = {path.resolve(): _Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    dead = []
    for path, page in pages.items():
        for link in sorted(page.links):
            address = urlsplit(link)
            if address.scheme or address.netloc:
                continue
            file = (path.parent / unquote(address.path)).resolve() if address.path else path
            anchor = unquote(address.fragment)
            if not file.exists() or (anchor and file in pages and anchor not in pages[file].ids):
                dead.append(f"{path.relative_to(site.resolve())}: {link}")
    return dead


def _check(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.name == "html":
        dead = dead_links(Path(app.outdir))
        if dead:
            raise ExtensionError("dead links:\n" + "\n".join(dead))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", _unlink_builtins)
    app.connect("doctree-read", _link_words)
    app.connect("missing-reference", _resolve)
    app.connect("build-finished", _check, priority=900)  # after everything that writes pages
    return {"parallel_read_safe": True}
