"""A blocking call over a real socket, against the clients one would use: `python -m benchmarks sync`."""

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import repeat
from typing import Final

from benchmarks._data import KEY, PATH, TOKEN
from benchmarks._harness import Effort, measure_blocking
from benchmarks._peers import installed, left_out, load
from benchmarks._results import WALL, Goal, Table, against, times_as_fast
from benchmarks._server import running_server
from benchmarks._sync_callers import FLOOR, HTTPXES, REQUEST, REQUESTS, SDK, Call, http_client, session_call
from paycombat_sync import PayCombat

_GOALS: Final = {SDK: Goal(">=", 3.0)}
_HTTPX_GOAL: Final = Goal(">=", 2.0)
_CALLS_IN_A_ROUND: Final = 4  # of the calls of other benchmarks, one in so many: these are slower
_WORK: Final = (
    "all encode, sign, send over a kept connection and decode; the others with json.dumps, hmac.new and json.loads, "
    "unchecked; http.client is the floor: no redirects, limits or retries to think of"
)


def run(effort: Effort) -> list[Table]:
    """One call after another, each with encoding, signing and decoding."""
    table = Table("sync", "Update Customer, blocking", "times as fast as the named peer")
    base = REQUESTS if installed("requests") else FLOOR
    with running_server() as server, _calls(f"{server.address}/clean") as calls:
        drives = {name: _repeated(call) for name, call in calls.items()}
        samples = measure_blocking(drives, effort.rounds, max(8, effort.calls // _CALLS_IN_A_ROUND))
        table.remarks += [server.remark(), *left_out("requests", *HTTPXES)]
    goals = _GOALS if base == REQUESTS else {}
    cpu, wall = "processor time per call", "time on the wall per call"
    table.rows += times_as_fast(cpu, samples, base=base, goals=goals)
    clients = dict.fromkeys(HTTPXES.values(), _HTTPX_GOAL)
    table.rows += against(cpu, samples, ours=SDK, peers={**clients, FLOOR: None})
    table.rows += times_as_fast(wall, samples, base=base, pick=WALL)
    table.rows += against(wall, samples, ours=SDK, peers=dict.fromkeys((*clients, FLOOR)), pick=WALL)
    table.work[cpu] = _WORK
    return [table]


def _repeated(call: Call) -> Callable[[int], object]:
    def drive(calls: int) -> None:
        for _ in repeat(None, calls):
            call()

    return drive


@contextmanager
def _calls(base_url: str) -> Generator[Mapping[str, Call]]:
    url = base_url + PATH
    with ExitStack() as stack:
        client = stack.enter_context(PayCombat(token=TOKEN, signature_key=KEY, base_url=base_url))
        calls: dict[str, Call] = {FLOOR: http_client(stack, url)}
        if installed("requests"):
            usual, deaf = (stack.enter_context(load("requests").Session()) for _ in range(2))
            deaf.trust_env = False  # as the SDK has it: no .netrc, no proxies from the environment
            calls |= {REQUESTS: session_call(usual, url), f"{REQUESTS}, trust_env=False": session_call(deaf, url)}
        for name in installed(*HTTPXES):
            calls[HTTPXES[name]] = session_call(stack.enter_context(load(name).Client()), url)
        calls[SDK] = lambda: client.customers.update(REQUEST)
        yield calls
