"""What must not happen while a page is shown: errors in the console, uncaught exceptions, requests to other hosts."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

_INSIDE = frozenset({"about", "blob", "data"})  # nothing leaves the browser for a URL with one of these schemes


class Watch:
    """Collects what goes wrong in all pages of a browser context. `complaints` is empty if all is well."""

    def __init__(self, context: Any) -> None:  # Playwright's BrowserContext
        self.complaints: list[str] = []
        self._refused: set[str] = set()
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"uncaught exception: {error.error}"))
        context.on("request", self._request)

    def allow_refusal(self, url: str) -> None:
        """Chromium reports a document with a status from 400 in the console, which is no fault of the page itself."""
        self._refused.add(url)

    def _console(self, message: Any) -> None:
        is_refusal = message.text.startswith("Failed to load resource: the server responded with a status of")
        if message.type == "error" and not (is_refusal and message.location["url"] in self._refused):
            self.complaints.append(f"error in the console: {message.text} ({message.location['url']})")

    def _request(self, request: Any) -> None:
        if not is_here(request.url):
            self.complaints.append(f"request to another host: {request.url}")


def is_here(url: str) -> bool:
    """Whether a URL leads to this machine, or into the browser itself."""
    parts = urlsplit(url)
    try:
        return parts.scheme in _INSIDE or parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
