"""The blocks of code on the pages of the documentation, run as a reader runs them.

- A block of Python runs alone, in a namespace of its own. On a page with a top-level `await`, all blocks share one
  namespace and one event loop, as in `python -m asyncio`.
- A block of Python with tests runs under pytest; a block of shell runs with `sh -eu`.
- A block of `output` is what the block before it prints; `...` stands for anything.
- `% skip: next "reason"` in front of a block says why it cannot run.
"""

import ast
import asyncio
import contextlib
import doctest
import inspect
import io
import os
import re
import sys
import types
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sybil import Document, Example, Sybil
from sybil.parsers.myst import CodeBlockParser, SkipParser

from tests.processes import ROOT, run

DOCS = ROOT / "docs"
# `paycombat` is the command of this checkout.
SHELL = f'set -eu; paycombat() {{ "{sys.executable}" -W error -m paycombat_async.cli "$@"; }}\n'
_CHECKER = doctest.OutputChecker()
_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


_ELSEWHERE = {"_build", "shop", "observability.md"}  # tests/shop and tests/telemetry run the examples of these pages


def documents() -> list[Path]:
    """The pages whose blocks run here."""
    return sorted(path for path in DOCS.rglob("*.md") if path.relative_to(DOCS).parts[0] not in _ELSEWHERE)


class Page:
    """The blocks of one page, run in order, in the current directory and environment."""

    def __init__(self, path: Path) -> None:
        self._namespace: dict[str, Any] | None = None
        self._printed = ""
        blocks = [CodeBlockParser(kind, self._run(run)) for kind, run in self._kinds().items()]
        self.document: Document = Sybil(parsers=[*blocks, SkipParser()], path=str(DOCS)).parse(path)
        self.examples: list[Example] = list(self.document.examples())
        self._is_session = any(is_async(str(example.parsed)) for example in self.examples)

    def run(self) -> int:
        """Runs all blocks. Returns how many did run; a failure names page and line."""
        count = 0
        with asyncio.Runner() as self._runner:
            for example in self.examples:
                with contextlib.suppress(unittest.SkipTest):
                    example.evaluate()
                    count += 1
        return count

    def _kinds(self) -> dict[str, Callable[[str], None]]:
        return {"python": self._python, "sh": self._shell, "output": self._compare}

    def _run(self, run: Callable[[str], None]) -> Callable[[Example], None]:
        def evaluate(example: Example) -> None:
            try:
                run(str(example.parsed))
            except BaseException as error:
                error.add_note(f"in {Path(example.path).relative_to(ROOT)}, line {example.line}")
                raise

        return evaluate

    def _python(self, block: str) -> None:
        if "import pytest" in block:
            self._pytest(block)
            return
        if self._namespace is None or not self._is_session:
            module = types.ModuleType("__main__")
            self._namespace = vars(module)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if self._is_session else 0
        code = compile(block, "block", "exec", flags=flags, dont_inherit=True)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            awaited = types.FunctionType(code, self._namespace)()
            if inspect.iscoroutine(awaited):
                self._runner.run(awaited)
        self._printed = printed.getvalue()

    def _pytest(self, block: str) -> None:
        program = Path("test_pasted.py")
        program.write_text(block, encoding="utf-8")
        command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_paycombat", program)
        self._ended(command, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")  # ours is the only one that the block needs

    def _shell(self, block: str) -> None:
        self._ended(("sh", "-c", SHELL + block))

    def _ended(self, command: tuple[object, ...], **environment: str) -> None:
        ended = run(*command, cwd=Path.cwd(), env=os.environ | environment)
        self._printed = ended.stdout + ended.stderr
        assert ended.returncode == 0, self._printed
        assert not re.search("Traceback|Warning", self._printed), self._printed

    def _compare(self, block: str) -> None:
        assert _CHECKER.check_output(block, self._printed, _OPTIONS), f"expected\n{block}\nprinted\n{self._printed}"


def is_async(block: str) -> bool:
    """Whether a block of Python has an `await` outside of any function."""
    try:
        code = compile(block, "block", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError:
        return False
    return bool(code.co_flags & inspect.CO_COROUTINE)


def skipped(path: Path) -> Iterator[str]:
    """The reasons for which blocks of a page do not run."""
    yield from re.findall(r"^% skip: next(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
