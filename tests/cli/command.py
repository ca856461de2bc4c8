"""The command line as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from paycombat_async.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "paycombat_async.cli"]


def environment(sandbox: Sandbox | None = None, **more: str) -> dict[str, str]:
    """This environment without the user's own settings, and with a sandbox's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PAYCOMBAT_")}
    kept["PYTHONPATH"] = str(ROOT)
    if sandbox is not None:
        kept["PAYCOMBAT_BASE_URL"] = sandbox.base_url
        kept["PAYCOMBAT_TOKEN"] = sandbox.token
        kept["PAYCOMBAT_SIGNATURE_KEY"] = sandbox.signature_key
    return kept | more


def run(
    *arguments: object, sandbox: Sandbox | None = None, cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment(sandbox, **more),
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def start(*arguments: object, sandbox: Sandbox | None = None, **more: str) -> subprocess.Popen[str]:
    """Start it, to be killed or interrupted; its lines come out unbuffered."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        env=environment(sandbox, PYTHONUNBUFFERED="1", **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
