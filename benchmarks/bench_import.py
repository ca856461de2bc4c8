"""What an import costs a fresh process, and whether the first call imports anything: `python -m benchmarks import`."""

from typing import Final

from benchmarks._data import KEY, TOKEN
from benchmarks._harness import Effort, Samples, turns
from benchmarks._peers import installed, left_out
from benchmarks._processes import in_fresh_process
from benchmarks._results import Goal, Row, Table
from benchmarks._server import running_server
from benchmarks._statistics import paired, spread

_SDKS: Final = ("paycombat_async", "paycombat_sync")
_BASE: Final = "aiohttp"
_PEERS: Final = ("httpx2", "httpx", "requests", "stripe", "openai")
_NOT_YET: Final = ("aiohttp", "anyio", "sqlite3")
_GOALS: Final = {_SDKS[0]: Goal("<=", 0.5)}
_NONE: Final = Goal("<=", 0)
_WORK: Final = "one `import` statement in a fresh process each, compiled files warm; nobody makes a client"
_FIRST_WORK: Final = "an audit hook counts, from the first line of the coroutine to the answer; client made before"

_IMPORT: Final = """
import json, sys, time
before = set(sys.modules)
wall, cpu = time.perf_counter(), time.process_time()
__import__(sys.argv[1])
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print(json.dumps([cpu, wall, sorted(set(sys.modules) - before)]))
"""

_FIRST_CALL: Final = """
import asyncio, json, sys
from paycombat_async import AsyncPayCombat, UpdateCustomer
paycombat = AsyncPayCombat(token=sys.argv[1], signature_key=sys.argv[2], base_url=sys.argv[3])
request = UpdateCustomer(customer_id="customer_1", description="VIP")
seen, is_watching = {"import": [], "open": []}, False
def watch(event, arguments):
    if is_watching and event in seen:
        seen[event].append(str(arguments[0]))
sys.addaudithook(watch)
async def first_call():
    global is_watching
    is_watching = True
    await paycombat.customers.update(request)
    is_watching = False
    await paycombat.aclose()
asyncio.run(first_call())
print(json.dumps(seen))
"""


def run(effort: Effort) -> list[Table]:
    """Fresh processes with warm files, one module each, in turn; then one that makes a call."""
    table = Table("import", "Import in a fresh process", f"times the processor time of `import {_BASE}`")
    results = _times((_BASE, "msgspec", *installed(*_PEERS), *_SDKS), effort.some_rounds(2))
    case = "cold import: processor time"
    table.rows += [_row(case, module, results, beside=_BASE, goal=_GOALS.get(module)) for module in results]
    table.rows += [_row(case, _SDKS[0], results, beside=peer) for peer in installed(*_PEERS)]
    first = _first_call(table.remarks)
    table.rows += first
    table.work |= {case: _WORK, first[0].case: _FIRST_WORK}
    table.remarks.append(f"after `import {_SDKS[0]}` none of {', '.join(_NOT_YET)} is loaded (checked in each round)")
    table.remarks += left_out(*_PEERS)
    return [table]


def _row(case: str, module: str, results: dict[str, Samples], *, beside: str, goal: Goal | None = None) -> Row:
    own = results[module].cpu
    return Row(case, module, spread(own).median * 1e3, "ms", paired(own, results[beside].cpu), beside, goal)


def _times(modules: tuple[str, ...], rounds: int) -> dict[str, Samples]:
    results = {module: Samples([], []) for module in modules}
    for module in modules:
        in_fresh_process(_IMPORT, module)  # writes the compiled files
    for module in turns(results, rounds):
        cpu, wall, loaded = in_fresh_process(_IMPORT, module)
        results[module].cpu.append(cpu)
        results[module].wall.append(wall)
        if module == _SDKS[0]:
            assert not set(_NOT_YET) & set(loaded), f"{module} imports {set(_NOT_YET) & set(loaded)}"
    return results


def _first_call(remarks: list[str]) -> list[Row]:
    with running_server() as server:
        seen = in_fresh_process(_FIRST_CALL, TOKEN, KEY, f"{server.address}/clean")
    remarks += [f"the first call does this on the loop: {event} {name}" for event in seen for name in seen[event]]
    case = "first call, on the loop"
    return [
        Row(case, "modules imported", len(seen["import"]), "modules", goal=_NONE),
        Row(case, "files opened", len(seen["open"]), "files", goal=_NONE),
    ]
