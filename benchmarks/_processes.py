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


def raise_file_limit() -> None:
    """Lets this process have as many sockets as the system allows; where there is no such limit, does nothing."""
    try:
        import resource  # noqa: PLC0415  # not on Windows
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def open_sockets() -> int:
    """How many sockets this process has open; 0 where the system does not say."""
    return sum(_is_socket(path) for path in Path("/proc/self/fd").glob("*"))


def _is_socket(path: Path) -> bool:
    try:
        return str(path.readlink()).startswith("socket:")
    except OSError:  # the folder itself was open while it was listed
        return False
