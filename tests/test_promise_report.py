"""Each promise that is kept today has a test that says so, and `pytest --promises` shows which."""

import ast
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.processes import PATIENCE_S, ROOT
from tests.promise_report import PROMISES, pytest_collection_modifyitems

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


def test_every_promise_that_is_kept_has_a_test() -> None:
    """By the marks in the files: to collect the whole suite once more, as the option does, takes eight seconds."""
    sources = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py")]
    marks = {
        name.value
        for source in sources
        if "mark.promise" in source
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.promise"
        for name in node.args
        if isinstance(name, ast.Constant)
    }

    assert set(KEPT) <= marks <= set(PROMISES)


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


WRONG = {"another": ("P19",), "one of two": ("P1", "p2"), "none": ()}


class Item(NamedTuple):
    """A test as pytest has collected it, as far as the report looks at it."""

    nodeid: str
    mark: pytest.Mark

    def iter_markers(self, _name: str) -> list[pytest.Mark]:
        return [self.mark]


@pytest.mark.parametrize("names", WRONG.values(), ids=WRONG)
def test_a_mark_that_names_no_promise_is_a_mistake(names: tuple[str, ...]) -> None:
    """A slip of the pen would leave the promise without its test."""
    with pytest.raises(pytest.UsageError, match=r"test_it: .* must name some of P1, P2, "):
        pytest_collection_modifyitems([Item("test_it", pytest.mark.promise(*names).mark)])


def test_a_run_with_such_a_mark_is_refused(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of one that gives the promise a name."""
    pytester.makepyfile('import pytest\n@pytest.mark.promise(name="P1")\ndef test_it(): pass\n')

    result = shown(pytester, monkeypatch)

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["ERROR: *test_it: * must name some of P1, P2, *"])
