"""A blocking call over a real socket, against the clients one would use: `python -m benchmarks sync`."""

import http.client
import json
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import repeat
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks._callers import signed_anew
from benchmarks._data import KEY, PATH, REQUESTS, TOKEN, USUAL
from benchmarks._harness import Effort, measure_blocking
from benchmarks._peers import installed, left_out, load
from benchmarks._results import WALL, Goal, Table, against, times_as_fast
from benchmarks._server import running_server
from paycombat_sync import PayCombat

_SDK: Final = "paycombat_sync"
_REQUESTS: Final = "requests.Session"
_HTTPXES: Final = {name: f"{name}.Client" for name in ("httpx2", "httpx")}
_FLOOR: Final = "http.client, no checks"
_GOALS: Final = {_SDK: Goal(">=", 2.0)}
_HTTPX_GOAL: Final = Goal(">=", 1.0)
_REQUEST: Final = REQUESTS[USUAL]
_ACCEPTED: Final = {"Accept": "application/json", "Accept-Encoding": "gzip"}
_CALLS_IN_A_ROUND: Final = 4  # of the calls of other benchmarks, one in so many: these are slower
_WORK: Final = (
    "all encode, sign, send over a kept connection and decode; the others with json.dumps, hmac.new and json.loads, "
    "unchecked; http.client is the floor: no redirects, limits or retries to think of"
)

Call = Callable[[], object]


def run(effort: Effort) -> list[Table]:
    """One call after another, each with encoding, signing and decoding."""
    table = Table("sync", "Update Customer, blocking", "times as fast as the named peer")
    base = _REQUESTS if installed("requests") else _FLOOR
    with running_server() as server, _calls(f"{server.address}/clean") as calls:
        drives = {name: _repeated(call) for name, call in calls.items()}
        samples = measure_blocking(drives, effort.rounds, max(8, effort.calls // _CALLS_IN_A_ROUND))
        table.remarks += [server.remark(), *left_out("requests", *_HTTPXES)]
    goals = _GOALS if base == _REQUESTS else {}
    cpu, wall = "processor time per call", "time on the wall per call"
    table.rows += times_as_fast(cpu, samples, base=base, goals=goals)
    clients = dict.fromkeys(_HTTPXES.values(), _HTTPX_GOAL)
    table.rows += against(cpu, samples, ours=_SDK, peers={**clients, _FLOOR: None})
    table.rows += times_as_fast(wall, samples, base=base, pick=WALL)
    table.rows += against(wall, samples, ours=_SDK, peers=dict.fromkeys((*clients, _FLOOR)), pick=WALL)
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
        calls: dict[str, Call] = {_FLOOR: _http_client(stack, url)}
        if installed("requests"):
            usual, deaf = (stack.enter_context(load("requests").Session()) for _ in range(2))
            deaf.trust_env = False  # as the SDK has it: no .netrc, no proxies from the environment
            calls |= {_REQUESTS: _session_call(usual, url), f"{_REQUESTS}, trust_env=False": _session_call(deaf, url)}
        for name in installed(*_HTTPXES):
            calls[_HTTPXES[name]] = _session_call(stack.enter_context(load(name).Client()), url)
        calls[_SDK] = lambda: client.customers.update(_REQUEST)
        yield calls


def _session_call(session: Any, url: str) -> Call:
    """With requests and httpx alike: both take `data` or `content`, and give `status_code` and `content`."""
    make = signed_anew()
    argument = "data" if type(session).__module__.startswith("requests") else "content"

    def call() -> object:
        body, headers = make()
        response = session.patch(url, headers={**_ACCEPTED, **headers}, timeout=30.0, **{argument: body})
        assert response.status_code == 200
        return json.loads(response.content)

    return call


def _http_client(stack: ExitStack, url: str) -> Call:
    parts, make = urlsplit(url), signed_anew()
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30.0)
    stack.callback(connection.close)

    def call() -> object:
        body, headers = make()
        connection.request("PATCH", parts.path, body, {**_ACCEPTED, **headers})
        response = connection.getresponse()
        assert response.status == 200
        return json.loads(response.read())

    return call
