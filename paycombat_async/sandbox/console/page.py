"""Serves the files of the console, the web page that shows a running sandbox.

The files contain no data: the page loads all data from the control interface. For this it needs the control token,
which is in the fragment of `Sandbox.console_url`. Browsers send a fragment neither to a server nor in a Referer header.
The page moves the token from its address to sessionStorage, which belongs to this port alone. A cookie would be unsafe:
a browser sends cookies of 127.0.0.1 to the servers on all ports, including those of other users.
"""

from importlib.resources import files
from typing import Final

import msgspec
from aiohttp import web

from paycombat_async.sandbox.admission import check_host
from paycombat_async.sandbox.envelopes import refusal
from paycombat_async.sandbox.html_pages import page_headers
from paycombat_async.sandbox.refusals import Refused, not_found

CONSOLE_ROUTES: Final = frozenset({"sandbox.console", "sandbox.console.file"})
_INDEX: Final = "index.html"
_KINDS: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_POLICY: Final = "script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'none'"
_HEADERS: Final = page_headers(_POLICY) | {"Cross-Origin-Opener-Policy": "same-origin"}
_REFUSED: Final = _HEADERS | {"Content-Type": "application/json; charset=utf-8"}


def add_console(app: web.Application) -> None:
    """Adds the paths of the console, a web page, to an aiohttp application."""
    content = {
        each.name: each.read_bytes() for each in files("paycombat_async.sandbox.console").joinpath("static").iterdir()
    }

    async def file(request: web.Request) -> web.Response:
        """Returns a file of the console. No token is required, because the files are the same in every sandbox."""
        name = request.match_info.get("name", _INDEX)
        try:
            check_host(request.headers.getall("Host", []))
            if name not in content:
                raise not_found("the console has no such file")
        except Refused as refused:
            return web.Response(status=refused.status, body=msgspec.json.encode(refusal(refused)), headers=_REFUSED)
        kind = f"{_KINDS[name[name.rindex('.') :]]}; charset=utf-8"
        return web.Response(body=content[name], headers=_HEADERS | {"Content-Type": kind})

    app.router.add_get("/", file, name="sandbox.console")
    app.router.add_get("/_console/{name}", file, name="sandbox.console.file")
