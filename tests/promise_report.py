"""`pytest --promises`: which tests assert which promise of the SDK, without running any. Loaded by tests/conftest.py.

A test says so itself, with `@pytest.mark.promise("P3")`, or its whole file does, with `pytestmark`.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import pytest

PROMISES: Final = {
    "P1": "The bytes signed are the bytes sent.",
    "P2": "Those bytes are a fixed point of JavaScript's JSON.stringify(JSON.parse(body)).",
    "P3": "A call that is not safe to repeat reaches the server at most once.",
    "P4": "One deadline covers a call.",
    "P5": "Omitted, cleared and null are three things.",
    "P6": "A success is never lost to an odd field.",
    "P7": "Secrets appear nowhere, and personal data is not logged.",
    "P8": "One client object outlives event loops, threads and forks.",
    "P9": "Nothing on the wire that we did not ask for.",
    "P10": "Sync equals async.",
    "P11": "Bad input gets one clear error before anything is sent.",
    "P12": "Type checkers are content with users' code; nothing of aiohttp in a public signature.",
    "P13": "A money call with a reference of the merchant's own is carried out at most once, with an intents store.",
    "P14": "A webhook is taken once, and worked on until it is done, by any number of machines.",
    "P15": "Stopping loses no evidence.",
    "P16": "One machine needs nothing but a file; many machines need PostgreSQL, and Dask to spread work.",
    "P17": "Every call can be seen, and nothing secret or personal in it.",
    "P18": "What is public is documented, and every example in the documentation is run.",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option."""
    parser.addoption("--promises", action="store_true", help="show the tests of each promise, and run none")


def pytest_configure(config: pytest.Config) -> None:
    """The marker."""
    config.addinivalue_line("markers", "promise(*names): the promises, P1 to P18, that the test asserts")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """The report is made in this process: workers would collect the tests, and this process would not."""
    if config.option.promises and config.pluginmanager.has_plugin("xdist"):
        config.option.numprocesses, config.option.dist, config.option.tx = 0, "no", []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A mark that names no promise is a mistake, and would be missed in the report."""
    for item in items:
        for mark in item.iter_markers("promise"):
            if not mark.args or mark.kwargs or not PROMISES.keys() >= set(mark.args):
                raise pytest.UsageError(f"{item.nodeid}: {mark.args} must name some of {', '.join(PROMISES)}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Show the report in the place of running the tests."""
    if not session.config.option.promises or session.testsfailed:
        return None
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    for line in report(session.items):
        terminal.write_line(line)
    return True


def report(items: Iterable[pytest.Item]) -> list[str]:
    """For each promise its tests, counted by function: one with parameters is many tests."""
    tests: dict[str, Counter[str]] = {promise: Counter() for promise in PROMISES}
    for item in items:
        for promise in {name for mark in item.iter_markers("promise") for name in mark.args}:
            tests[promise][item.nodeid.partition("[")[0]] += 1
    lines = []
    for promise, functions in tests.items():
        count = f"tests: {functions.total()}, functions: {len(functions)}" if functions else "none yet"
        lines.append(f"{promise:<4} {PROMISES[promise]}  {count}")
        lines += [f"       {function} ({number})" for function, number in functions.items()]
    without = [promise for promise, functions in tests.items() if not functions]
    return [*lines, f"Without a test: {', '.join(without) or 'none'}"]
