"""The files of the console: which there are, with which headers, and for whom."""

import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import aiohttp
import pytest

from paycombat_async.sandbox import Sandbox
from tests.processes import ROOT
from tests.sandbox.caller import Caller

STATIC = ROOT / "paycombat_async/sandbox/console/static"
SCRIPTS = sorted(STATIC.glob("*.js"))


async def test_the_page_and_its_files_are_served(caller: Caller) -> None:
    """All that there are, and none that is not; nothing is recorded, and no fault hits them."""
    caller.sandbox.faults.set_rates({"html_502": 1})
    names = [each.name for each in files("paycombat_async.sandbox.console").joinpath("static").iterdir()]
    for path in ("/", *(f"/_console/{name}" for name in names)):
        async with caller.session.get(caller.sandbox.base_url + path) as answer:
            text = await answer.text()
            assert 200 == answer.status
            assert caller.sandbox.control_token not in text
            policy = answer.headers["Content-Security-Policy"]
            assert {"default-src 'none'", "frame-ancestors 'none'", "script-src 'self'"} <= set(policy.split("; "))
            assert "unsafe" not in policy
            assert ("nosniff", "no-referrer") == (
                answer.headers["X-Content-Type-Options"],
                answer.headers["Referrer-Policy"],
            )
            assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    for path in ("nothing.js", "../page.py", "%2e%2e%2fpage.py"):
        async with caller.session.get(f"{caller.sandbox.base_url}/_console/{path}") as answer:
            assert answer.status in {404, 502}
    assert 0 == caller.sandbox.arrivals.counts["sandbox.console"]


async def test_another_host_name_gets_no_page(caller: Caller) -> None:
    """A name that leads to this machine is how DNS rebinding begins."""
    for path in ("/", "/_console/app.js"):
        async with caller.session.get(caller.sandbox.base_url + path, headers={"Host": "attacker.example"}) as answer:
            assert 421 == answer.status


async def test_there_may_be_none() -> None:
    """Then its addresses are unknown, as any other."""
    async with Sandbox(console=False) as sandbox, aiohttp.ClientSession() as session:
        for path in ("/", "/_console/app.js"):
            async with session.get(sandbox.base_url + path) as answer:
                assert 404 == answer.status
        assert (None, 2) == (sandbox.console_url, sandbox.arrivals.counts["unknown"])


async def test_its_address_has_the_token_where_no_server_sees_it(sandbox: Sandbox) -> None:
    """In the fragment."""
    assert f"{sandbox.base_url}/#{sandbox.control_token}" == sandbox.console_url
    assert sandbox.control_token not in repr(sandbox)


@pytest.mark.parametrize("path", [*SCRIPTS, *STATIC.glob("*.html"), *STATIC.glob("*.css")], ids=lambda path: path.name)
def test_nothing_is_read_as_html_and_no_other_machine_is_named(path: Path) -> None:
    """Requests contain what others have written: it goes into text nodes only."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc", text)
    assert set() == set(re.findall(r"https?://(?!127\.0\.0\.1)[^\s\"'`]+", text)) - {"http://www.w3.org/2000/svg"}


def test_the_page_has_no_inline_code() -> None:
    """The policy would forbid it."""
    inline: list[str] = []

    class Finder(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            inline.extend(f"{tag} {name}" for name, _ in attrs if name.startswith("on") or name == "style")
            if tag == "style" or (tag == "script" and "src" not in dict(attrs)):
                inline.append(tag)

    Finder().feed((STATIC / "index.html").read_text(encoding="utf-8"))
    assert inline == []
