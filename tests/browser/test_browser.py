"""That the browser tests notice what they are for."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from paycombat_async.sandbox._background_loop import BackgroundLoop
from tests.browser.conftest import Visit
from tests.browser.looks import check_looks, looks, violations
from tests.browser.watch import Watch, is_here

PAGE = '<!doctype html><html lang="en"><title>A page</title><link rel="icon" href="data:,"><main>{}</main></html>'
GOOD = PAGE.format("<h1>Hello</h1><label>Name <input></label>")
PAGES = {
    "/good": GOOD,
    "/unlabelled": PAGE.format("<h1>Hello</h1><input>"),
    "/faint-in-the-dark": PAGE.format(
        "<style>@media (prefers-color-scheme: dark) { p { color: #ccc; background: #fff } }</style>"
        "<h1>Hello</h1><p>Can you read this?</p>"
    ),
    "/broad": PAGE.format('<h1>Hello</h1><div style="width: 500px">Broad</div>'),
    "/console": PAGE.format("<script>console.error('it is broken')</script>"),
    "/exception": PAGE.format("<script>throw new Error('it is broken')</script>"),
    "/elsewhere": PAGE.format('<img alt="" src="http://192.0.2.1/pixel.png">'),
    "/missing-part": PAGE.format('<img alt="" src="/no-such-picture.png">'),
}


@pytest.fixture(name="site", scope="module")
def _site() -> Iterator[str]:
    async def show(request: web.Request) -> web.Response:
        text = PAGES.get(request.path)
        return web.Response(text=text or GOOD, status=200 if text else 404, content_type="text/html")

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/{path:.*}", show)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    thread = BackgroundLoop("site")
    runner = thread.run(start())
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    thread.run(runner.cleanup())
    thread.stop()


def test_a_good_page_passes_in_every_look(page: Any, visit: Visit, site: str) -> None:
    visit(f"{site}/good")

    check_looks(page)


def test_a_refusal_passes_where_the_test_expects_it(page: Any, visit: Visit, site: str) -> None:
    visit(f"{site}/no-such-page", status=404)

    assert violations(page) == []


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("faint-in-the-dark", "narrow, dark: serious: color-contrast:"),
        ("broad", "narrow, light: 5.. px wide in a window of 390 px"),
    ],
)
def test_a_page_that_not_all_people_can_use_fails(page: Any, visit: Visit, site: str, path: str, fault: str) -> None:
    visit(f"{site}/{path}")

    with pytest.raises(AssertionError, match=fault):
        check_looks(page)


def test_a_field_without_a_label_is_a_violation(page: Any, visit: Visit, site: str) -> None:
    visit(f"{site}/unlabelled")

    assert [each[:16] for each in violations(page)] == ["critical: label:"]


def test_each_look_is_shown_once(page: Any, visit: Visit, site: str) -> None:
    visit(f"{site}/good")
    script = "() => [innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]"

    assert [(look, page.evaluate(script)) for look in looks(page)] == [
        ("wide, light", [1280, False]),
        ("wide, dark", [1280, True]),
        ("narrow, light", [390, False]),
        ("narrow, dark", [390, True]),
    ]


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("console", "error in the console: it is broken"),
        ("exception", "uncaught exception: it is broken"),
        ("elsewhere", "request to another host: http://192.0.2.1/pixel.png"),
        ("missing-part", "error in the console: Failed to load resource: the server responded with a status of 404"),
    ],
)
def test_a_broken_page_is_noticed(page: Any, visit: Visit, watch: Watch, site: str, path: str, complaint: str) -> None:
    visit(f"{site}/{path}")
    page.evaluate("() => null")  # its answer comes after the news of what has happened so far

    noticed, watch.complaints = watch.complaints, []
    assert any(each.startswith(complaint) for each in noticed), noticed


async def test_an_asynchronous_test_runs_beside_the_browser(chromium: object) -> None:
    """Playwright's blocking API would leave a running loop in the main thread, and no test could start another."""
    assert asyncio.get_running_loop().is_running()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080/", True),
        ("http://localhost/", True),
        ("http://[::1]:1/", True),
        ("data:,", True),
        ("http://127.0.0.1.example/", False),
        ("https://192.0.2.1/", False),
        ("file:///etc/passwd", False),
    ],
)
def test_which_urls_are_of_this_machine(url: str, expected: bool) -> None:
    assert is_here(url) is expected
