"""Runs the command line in a process of its own."""

import os
import sys
from pathlib import Path

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


def start(*arguments: object, sandbox: Sandbox | None = None, cwd: Path = ROOT, **more: str) -> Process:
    """Starts the command to kill or interrupt it; its output is unbuffered."""
    return Process(*COMMAND, *arguments, env=environment(sandbox, PYTHONUNBUFFERED="1", **more), cwd=cwd)
