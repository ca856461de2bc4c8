"""Runs the command line: in a process of its own, or in the process of the tests, which saves a second of CPU time."""

import os
import sys
from contextlib import chdir
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from unittest import mock

from paycombat_async.cli import app
from paycombat_async.sandbox import Sandbox
from tests import processes
from tests.processes import ROOT, Ended, Process

COMMAND = [sys.executable, "-m", "paycombat_async.cli"]


def environment(sandbox: Sandbox | None = None, **more: str) -> dict[str, str]:
    """This environment without the user's own settings, with those of a sandbox."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PAYCOMBAT_")}
    kept["PYTHONPATH"] = str(ROOT)
    if sandbox is not None:
        kept["PAYCOMBAT_BASE_URL"] = sandbox.base_url
        kept["PAYCOMBAT_TOKEN"] = sandbox.token
        kept["PAYCOMBAT_SIGNATURE_KEY"] = sandbox.signature_key
    return kept | more


def run(*arguments: object, sandbox: Sandbox | None = None, cwd: Path = ROOT, **more: str) -> Ended:
    """Runs the command until it exits."""
    return processes.run(*COMMAND, *arguments, env=environment(sandbox, **more), cwd=cwd)


class Terminal(StringIO):
    """The standard input of a person at a terminal, who types these lines."""

    def isatty(self) -> bool:
        return True


def run_here(
    *arguments: object,
    sandbox: Sandbox | None = None,
    cwd: Path = ROOT,
    input: str | bytes | Terminal = "",
    **more: str,
) -> Ended:
    """Runs the command in this process, with the streams, variables and folder of one of its own."""
    given = input if isinstance(input, bytes | Terminal) else input.encode()
    stdin = TextIOWrapper(BytesIO(given), "utf-8") if isinstance(given, bytes) else given
    with TemporaryFile() as out, TemporaryFile() as err:
        streams = {"stdin": stdin, "stdout": TextIOWrapper(out, "utf-8"), "stderr": TextIOWrapper(err, "utf-8")}
        variables = mock.patch.dict(os.environ, environment(sandbox, **more), clear=True)
        with mock.patch.multiple(sys, **streams), variables, chdir(cwd):
            code = app.run([str(argument) for argument in arguments])
            sys.stdout.flush()
            sys.stderr.flush()
        return Ended(code, *(os.pread(file.fileno(), 1 << 24, 0).decode() for file in (out, err)))


def start(*arguments: object, sandbox: Sandbox | None = None, cwd: Path = ROOT, **more: str) -> Process:
    """Starts the command to kill or interrupt it; its output is unbuffered."""
    return Process(*COMMAND, *arguments, env=environment(sandbox, PYTHONUNBUFFERED="1", **more), cwd=cwd)
