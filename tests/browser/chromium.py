"""One Chromium for each process of a run, steered by Playwright in a thread of its own.

Playwright's blocking API leaves a running event loop in the thread that uses it, in which pytest-asyncio could run no
test any more. Therefore the browser, and each test with a page, has a thread beside the main one.
"""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest

P = ParamSpec("P")
R = TypeVar("R")

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")  # Debian's name, and those of other systems
# Names and addresses of other machines lead nowhere, whoever asks for them: a page, or the browser for itself.
_NO_OTHER_HOST = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE [::1]"


class Chromium:
    """A browser without a window. All use of it, and of what it makes, goes through `call`.

    `browser` is Playwright's `Browser`.
    """

    browser: Any  # playwright is imported late: it may be missing

    def __init__(self, program: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chromium")
        try:
            self.call(self._start, program)
        except BaseException:
            self._thread.shutdown()
            raise

    def call(self, work: Callable[P, R], *args: P.args, **options: P.kwargs) -> R:
        """Calls a function in the thread of the browser. Returns or raises what it does."""
        return self._thread.submit(work, *args, **options).result()

    def end(self) -> None:
        """Ends the browser with all its processes."""
        try:
            self.call(self._end)
        finally:
            self._thread.shutdown()

    def _start(self, program: str) -> None:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        try:
            self.browser = self._playwright.chromium.launch(
                executable_path=program,
                chromium_sandbox=os.geteuid() != 0,  # as root, Chromium does not start with it
                args=[_NO_OTHER_HOST],
            )
        except BaseException:
            self._playwright.stop()
            raise

    def _end(self) -> None:
        try:
            self.browser.close()
        finally:
            self._playwright.stop()


def find_chromium() -> str:
    """Returns the path of the program. Skips the test, with the reason, where it or Playwright is missing."""
    pytest.importorskip("playwright.sync_api", reason="needs the package playwright", exc_type=ImportError)
    pytest.importorskip("axe_playwright_python", reason="needs the package axe-playwright-python", exc_type=ImportError)
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None or not hasattr(os, "geteuid"):
        pytest.skip("needs Chromium on a POSIX system")
    return str(Path(found))
