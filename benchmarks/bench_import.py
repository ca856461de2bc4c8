"""What `import paycombat_async` costs a fresh process: `python -m benchmarks import`."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks._harness import Effort, Samples
from benchmarks._results import Goal, Row, Table
from benchmarks._statistics import of_medians, spread

_ROOT: Final = Path(__file__).parents[1]
_SDK: Final = "paycombat_async"
_BASE: Final = "aiohttp"
_NOT_YET: Final = ("aiohttp", "sqlite3")
_GOAL: Final = Goal("<=", 0.6)

_PROGRAM: Final = """
import sys, time
before = set(sys.modules)
wall, cpu = time.perf_counter(), time.process_time()
import {module}
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
import json
print(json.dumps([cpu, wall, sorted(set(sys.modules) - before)]))
"""


def run(effort: Effort) -> list[Table]:
    """Fresh processes with warm files, one module each, in turn."""
    table = Table("import", "Import in a fresh process", "times the processor time of `import aiohttp`")
    modules = (_BASE, "msgspec", _SDK)
    results = {module: Samples([], []) for module in modules}
    for module in modules:
        _imported(module)  # writes the compiled files
    chance = random.Random(len(modules))
    for _ in range(effort.rounds):
        for module in chance.sample(modules, len(modules)):
            cpu, wall, loaded = _imported(module)
            results[module].cpu.append(cpu)
            results[module].wall.append(wall)
            if module == _SDK:
                assert not set(_NOT_YET) & set(loaded), f"{_SDK} imports {set(_NOT_YET) & set(loaded)}"
    for module, own in results.items():
        ratio = of_medians(own.cpu, results[_BASE].cpu)
        goal = _GOAL if module == _SDK else None
        table.rows.append(Row("cold import", module, spread(own.cpu).median * 1e3, "ms", ratio, _BASE, goal))
    table.remarks.append(f"after `import {_SDK}` neither {' nor '.join(_NOT_YET)} is loaded (checked in each round)")
    return [table]


def _imported(module: str) -> tuple[float, float, list[str]]:
    program = [sys.executable, "-c", _PROGRAM.format(module=module)]
    done = subprocess.run(program, cwd=_ROOT, capture_output=True, check=True)
    cpu, wall, loaded = json.loads(done.stdout)
    return float(cpu), float(wall), list(loaded)
