"""Browser tests: plain functions with the fixture `page`, and Playwright's blocking API.

    def test_it_greets(page: Any, visit: Visit) -> None:
        visit(f"{base_url}/hello")
        page.get_by_role("button", name="Greet").click()
        expect(page.get_by_role("heading")).to_have_text("Hello")
        check_looks(page)

Such a test runs in the thread of the browser, and fails on errors in the console, uncaught exceptions, and requests to
other hosts. It is skipped where Chromium or Playwright is missing.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest

from tests.browser.chromium import Chromium, find_chromium
from tests.browser.looks import WIDE
from tests.browser.watch import Watch

PATIENCE_MS = 30_000  # a bound and no measurement
Visit: TypeAlias = Callable[..., Any]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs a test that has a page in the thread of the browser, the only one that can use the page."""
    chromium = pyfuncitem.funcargs.get("chromium")
    if not isinstance(chromium, Chromium) or "page" not in pyfuncitem.fixturenames:
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    chromium.call(pyfuncitem.obj, **arguments)
    return True


@pytest.fixture(name="chromium", scope="session")
def _chromium() -> Iterator[Chromium]:
    chromium = Chromium(find_chromium())
    yield chromium
    chromium.end()


@pytest.fixture(name="context")
def _context(chromium: Chromium) -> Iterator[Any]:
    """A browser context with no cookies, caches or pages."""
    context = chromium.call(chromium.browser.new_context, viewport=WIDE, service_workers="block")
    chromium.call(context.set_default_timeout, PATIENCE_MS)
    yield context
    chromium.call(context.close)


@pytest.fixture(name="watch")
def _watch(chromium: Chromium, context: Any) -> Watch:
    return chromium.call(Watch, context)


@pytest.fixture(name="page")
def _page(chromium: Chromium, context: Any, watch: Watch) -> Iterator[Any]:
    yield chromium.call(context.new_page)
    chromium.call(context.close)  # what is under way comes to its end, and is seen
    assert watch.complaints == []


@pytest.fixture(name="visit")
def _visit(page: Any, watch: Watch) -> Visit:
    """Opens a URL. Returns Playwright's Response, after a check of its status."""

    def visit(url: str, status: int = 200) -> Any:
        if status >= 400:
            watch.allow_refusal(url)
        response = page.goto(url)
        assert response.status == status
        return response

    return visit
