"""A blocking call over a real socket, against the clients one would use: `python -m benchmarks sync`."""

import hashlib
import hmac
import http.client
import json
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from operator import attrgetter
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks._data import KEY, PATH, REQUESTS, TOKEN, USUAL
from benchmarks._harness import Effort, measure_blocking
from benchmarks._peers import installed, left_out, load
from benchmarks._results import Goal, Table, times_as_fast
from benchmarks._server import running_server
from paycombat_async import canonical_json
from paycombat_sync import PayCombat

_SDK: Final = "paycombat_sync"
_REQUESTS: Final = "requests.Session"
_FLOOR: Final = "http.client, no checks"
_GOALS: Final = {_SDK: Goal(">=", 1.5)}
_REQUEST: Final = REQUESTS[USUAL]
_ACCEPTED: Final = {"Accept": "application/json", "Accept-Encoding": "gzip"}
_CALLS_IN_A_ROUND: Final = 4  # of the calls of other benchmarks, one in so many: these are slower

Call = Callable[[], object]


def run(effort: Effort) -> list[Table]:
    """One call after another, each with encoding, signing and decoding."""
    table = Table("sync", "Update Customer, blocking", f"times as fast as {_base()}")
    with running_server() as address, _calls(f"{address}/clean") as calls:
        samples = measure_blocking(calls, effort.rounds, max(8, effort.calls // _CALLS_IN_A_ROUND))
    goals = _GOALS if _base() == _REQUESTS else {}
    table.rows += times_as_fast("processor time per call", samples, base=_base(), goals=goals)
    table.rows += times_as_fast("time on the wall per call", samples, base=_base(), of=attrgetter("wall"))
    table.remarks += [
        "the others: json.dumps, hmac.new, the call, json.loads",
        *left_out("requests", "httpx"),
    ]
    return [table]


def _base() -> str:
    return _REQUESTS if installed("requests") else _FLOOR


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
        if installed("httpx"):
            calls["httpx.Client"] = _session_call(stack.enter_context(load("httpx").Client()), url)
        calls[_SDK] = lambda: client.customers.update(_REQUEST)
        yield calls


def _signed() -> Callable[[], tuple[bytes, dict[str, str]]]:
    """The request made anew, as every user of these clients has to do."""
    data, key = json.loads(canonical_json(_REQUEST)), KEY.encode()

    def make() -> tuple[bytes, dict[str, str]]:
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        signature = hmac.new(key, body, hashlib.sha256).hexdigest()
        return body, {**_ACCEPTED, "X-token": TOKEN, "Content-Type": "application/json", "signature": signature}

    return make


def _session_call(session: Any, url: str) -> Call:
    """With requests and httpx alike: both take `data` or `content`, and give `status_code` and `content`."""
    make = _signed()
    argument = "data" if type(session).__module__.startswith("requests") else "content"

    def call() -> object:
        body, headers = make()
        response = session.patch(url, headers=headers, timeout=30.0, **{argument: body})
        assert response.status_code == 200
        return json.loads(response.content)

    return call


def _http_client(stack: ExitStack, url: str) -> Call:
    parts, make = urlsplit(url), _signed()
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30.0)
    stack.callback(connection.close)

    def call() -> object:
        body, headers = make()
        connection.request("PATCH", parts.path, body, headers)
        response = connection.getresponse()
        assert response.status == 200
        return json.loads(response.read())

    return call
