"""Fresh processes, for what can be measured only once in a process: imports, the first call, memory.

Only Linux says in a file how much memory a process holds; elsewhere memory is not measured.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]

_STATUS: Final = Path("/proc/self/status")
MEMORY_IS_KNOWN: Final = _STATUS.exists()


def in_fresh_process(program: str, *arguments: object) -> Any:
    """What the program prints as its last line, which is JSON. It runs in the root of the tree."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def resident_mb() -> float:
    """What this process holds now."""
    return _memory("VmRSS:")


def peak_mb() -> float:
    """The most that this process ever held. `getrusage` would say that of the process it was started from."""
    return _memory("VmHWM:")


def _memory(name: str) -> float:
    lines = _STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
