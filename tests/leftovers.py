"""A run of the tests leaves no process behind: if one that it started is alive after it, the run fails and names it.

Loaded by tests/conftest.py. All that a run starts has its number in the environment, whoever started it and however.
"""

import os
import signal
import sys
from contextlib import suppress
from time import monotonic, sleep
from uuid import uuid4

import pytest

from tests.processes import RUN, alive

GRACE_S = 10.0  # for those that end by themselves with the run

_LEFT = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """A worker of a run has that run's number; any other run gets one of its own."""
    if not is_worker(config):
        os.environ[RUN] = uuid4().hex


@pytest.hookimpl(trylast=True)  # when the workers have ended
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Look for what is left, end it, and let the run fail for it."""
    if is_worker(session.config):
        return
    if tracker := sys.modules.get("multiprocessing.resource_tracker"):
        tracker._resource_tracker._stop()  # it ends with this process, which is too late here
    until = monotonic() + GRACE_S
    while (left := alive(os.environ[RUN])) and monotonic() < until:
        sleep(0.05)
    session.config.stash[_LEFT] = [str(process) for process in left]
    for process in left:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    if left:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name them."""
    if left := config.stash.get(_LEFT, []):
        terminalreporter.section("processes left behind", red=True)
        for line in left:
            terminalreporter.line(line)


def is_worker(config: pytest.Config) -> bool:
    """Whether this is one of the processes of pytest-xdist."""
    return hasattr(config, "workerinput")
