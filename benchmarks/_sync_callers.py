"""The same call made by the SDK's blocking client and by each client one would use instead."""

import http.client
import json
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks import _data
from benchmarks._callers import signed_anew
from benchmarks._data import KEY, PATH, TOKEN, USUAL
from benchmarks._peers import load
from paycombat_sync import PayCombat

SDK: Final = "paycombat_sync"
REQUESTS: Final = "requests.Session"
HTTPXES: Final = {name: f"{name}.Client" for name in ("httpx2", "httpx")}
FLOOR: Final = "http.client, no checks"
REQUEST: Final = _data.REQUESTS[USUAL]
_ACCEPTED: Final = {"Accept": "application/json", "Accept-Encoding": "gzip"}

Call = Callable[[], object]


@contextmanager
def blocking_callers(name: str, base_url: str, threads: int) -> Generator[list[Call]]:
    """A call for each thread, of one client for all of them; of requests, a session for each."""
    url = base_url + PATH
    with ExitStack() as stack:
        if name == SDK:
            client = stack.enter_context(PayCombat(token=TOKEN, signature_key=KEY, base_url=base_url))
            yield [lambda: client.customers.update(REQUEST)] * threads
        elif name == REQUESTS:
            sessions = [stack.enter_context(load("requests").Session()) for _ in range(threads)]
            yield [session_call(session, url) for session in sessions]
        else:
            yield [session_call(stack.enter_context(load(name.partition(".")[0]).Client()), url)] * threads


def session_call(session: Any, url: str) -> Call:
    """With requests and httpx alike: both take `data` or `content`, and give `status_code` and `content`."""
    make = signed_anew()
    argument = "data" if type(session).__module__.startswith("requests") else "content"

    def call() -> object:
        body, headers = make()
        response = session.patch(url, headers={**_ACCEPTED, **headers}, timeout=30.0, **{argument: body})
        assert response.status_code == 200
        return json.loads(response.content)

    return call


def http_client(stack: ExitStack, url: str) -> Call:
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
