"""Each promise that is kept today has a test that says so, and `pytest --promises` shows which."""

import re
import sys

import pytest

from tests.processes import PATIENCE_S, ROOT, run
from tests.promise_report import PROMISES

pytest_plugins = ["pytester"]

KEPT = ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P15", "P17"]
MARKED = """
import pytest

pytestmark = pytest.mark.promise("P1")

@pytest.mark.promise("P3", "P1")
@pytest.mark.parametrize("number", range(3))
def test_two(number):
    raise AssertionError("it is not to run")

def test_one():
    raise AssertionError("it is not to run")
"""


def shown(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, *options: str) -> pytest.RunResult:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    options = ("-p", "tests.promise_report", "-p", "no:cacheprovider", "--strict-markers", "--promises", *options)
    return pytester.runpytest_subprocess(*options, timeout=PATIENCE_S)


@pytest.mark.timeout(5 * PATIENCE_S)
def test_every_promise_that_is_kept_has_a_test() -> None:
    """Of the whole suite, as the option shows it."""
    ended = run(sys.executable, "-m", "pytest", "--promises", "-q", "-n", "2", limit=4 * PATIENCE_S)

    assert 0 == ended.returncode, ended.stdout + ended.stderr
    counts = dict(re.findall(r"^(P\d+) .*  (tests: \d+, functions: \d+|none yet)$", ended.stdout, re.MULTILINE))
    assert list(PROMISES) == list(counts)
    assert [] == [promise for promise in KEPT if counts[promise] == "none yet"]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_tests_of_each_promise_are_shown_and_not_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    """Those of the file and those of the function, each once; a promise without any is named."""
    pytester.makepyfile(test_marked=MARKED)

    result = shown(pytester, monkeypatch, "-n", workers)

    assert pytest.ExitCode.OK == result.ret
    result.stdout.fnmatch_lines(
        [
            "P1   The bytes signed are the bytes sent.  tests: 4, functions: 2",
            "       test_marked.py::test_two (3)",
            "       test_marked.py::test_one (1)",
            "P2   *  none yet",
            "P3   *  tests: 3, functions: 1",
            "       test_marked.py::test_two (3)",
            "Without a test: P2, P4, *, P18",
        ]
    )


@pytest.mark.parametrize("names", ['"P19"', '"P1", "p2"', "", 'name="P1"'])
def test_a_mark_that_names_no_promise_is_refused(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    """A slip of the pen would leave the promise without its test."""
    pytester.makepyfile(f"import pytest\n@pytest.mark.promise({names})\ndef test_it(): pass\n")

    result = shown(pytester, monkeypatch)

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["ERROR: *test_it: * must name some of P1, P2, *"])
