"""HTML pages of the sandbox: templates that escape the inserted text, and the headers of every page."""

import html
from collections.abc import Iterable
from importlib.resources import files
from string import Template
from typing import Final

# With these headers, a browser keeps no page in its cache, tells no other site the address of a page, and shows no page
# in a frame.
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Html(str):
    """A str that contains HTML and therefore is not escaped when it is inserted into a template."""

    __slots__ = ()


class HtmlTemplate:
    """An HTML template with placeholders such as `$name`, read from a file in a Python package."""

    def __init__(self, package: str, name: str) -> None:
        self._template = Template(files(package).joinpath(name).read_text(encoding="utf-8"))

    def fill(self, **parts: str) -> Html:
        """Returns the HTML with `parts` in place of the placeholders. Values are escaped unless they are `Html`.

        Raises `KeyError` if a placeholder has no value.
        """
        return Html(self._template.substitute({name: escaped(part) for name, part in parts.items()}))


def escaped(text: str) -> Html:
    """Returns the text escaped for use in an HTML element or a quoted attribute. Returns `Html` unchanged."""
    return text if isinstance(text, Html) else Html(html.escape(text))


def joined(parts: Iterable[Html]) -> Html:
    """Returns the parts joined to one piece of HTML, without separators."""
    return Html("".join(parts))


def page_headers(policy: str) -> dict[str, str]:
    """Returns the HTTP headers of an HTML page. `policy` is its Content-Security-Policy.

    The policy is extended so that everything is forbidden which `policy` does not allow.
    """
    closed = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    return _HEADERS | {"Content-Security-Policy": f"{closed}; {policy}"}
