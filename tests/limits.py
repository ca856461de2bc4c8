"""The limit of a test holds for all of it. Loaded by tests/conftest.py, on top of pytest-timeout.

By itself pytest-timeout raises pytest's own failure, once. Hypothesis takes that for what its example found, and tries
the example again, without a limit; and what comes after a failure, as the fixtures' ends do, has none either.
"""

import signal
from collections.abc import Generator
from types import FrameType
from typing import Any

import pytest

_SETTINGS = pytest.StashKey[Any]()  # of pytest-timeout, for one test
_IS_CALLED = pytest.StashKey[bool]()  # it is the test's own code that runs, and no fixture's


class OverLimit(BaseException):
    """Nothing that a test or a library would take for one of its own."""


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> Generator[None, bool, bool]:
    """What goes off is ours, and goes off again, should the test not end at that."""
    is_set = yield
    item.stash[_SETTINGS] = settings
    fail = signal.getsignal(signal.SIGALRM) if hasattr(signal, "SIGALRM") else None
    if callable(fail):

        def go_off(number: int, frame: FrameType | None) -> None:
            try:
                fail(number, frame)
            except pytest.fail.Exception as failure:
                if item.stash.get(_IS_CALLED, False):
                    raise OverLimit(str(failure)) from None
                raise  # for pytest, which goes on with the other fixtures

        signal.signal(signal.SIGALRM, go_off)
        signal.setitimer(signal.ITIMER_REAL, settings.timeout, settings.timeout)
    return is_set


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Note that it begins and ends."""
    item.stash[_IS_CALLED] = True
    try:
        return (yield)
    finally:
        item.stash[_IS_CALLED] = False


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """The end of a test's fixtures has the same time again, also after a failure, which stops the clock."""
    if (settings := item.stash.get(_SETTINGS, None)) is not None:
        item.ihook.pytest_timeout_cancel_timer(item=item)
        item.ihook.pytest_timeout_set_timer(item=item, settings=settings)
    return (yield)
