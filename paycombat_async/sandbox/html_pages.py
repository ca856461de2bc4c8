"""HTML pages of the sandbox: templates that escape what is filled in, and the headers of every page."""

import html
from collections.abc import Iterable
from importlib.resources import files
from string import Template
from typing import Final

# Nothing of a page stays in a cache or is told to other sites, and no other site can show it in a frame.
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Html(str):
    """Text that is HTML already, so that it is not escaped again."""

    __slots__ = ()


class HtmlTemplate:
    """A template with places such as `$name`, read from a file that is packed with a package."""

    def __init__(self, package: str, name: str) -> None:
        self._template = Template(files(package).joinpath(name).read_text(encoding="utf-8"))

    def fill(self, **parts: str) -> Html:
        """Returns the HTML with a part in each place. Parts are escaped, unless they are `Html`.

        Raises `KeyError` if a part is missing.
        """
        return Html(self._template.substitute({name: escaped(part) for name, part in parts.items()}))


def escaped(text: str) -> Html:
    """Returns the text as HTML, for an element or an attribute in quotation marks. Returns `Html` unchanged."""
    return text if isinstance(text, Html) else Html(html.escape(text))


def joined(parts: Iterable[Html]) -> Html:
    """Returns the parts one after the other."""
    return Html("".join(parts))


def page_headers(policy: str) -> dict[str, str]:
    """Returns the headers of an HTML page. `policy` is its Content-Security-Policy.

    The policy is completed: what it does not allow is forbidden.
    """
    closed = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    return _HEADERS | {"Content-Security-Policy": f"{closed}; {policy}"}
