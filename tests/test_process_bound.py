"""What belongs to one process says so when somebody pickles it, and what to do instead."""

import copy
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from paycombat_async import AsyncPayCombat, webhooks
from paycombat_async.intents import MemoryIntents, SqliteIntents
from paycombat_async.limiters import LocalLimiter
from paycombat_async.sandbox import Sandbox
from paycombat_async.transport import AiohttpTransport, SessionTransport
from paycombat_sync import PayCombat
from paycombat_sync import webhooks as blocking_webhooks

DSN = "postgresql://nobody@127.0.0.1/none"
CREDENTIALS = {"token": "snd_t", "signature_key": "snd_k", "base_url": "https://provider.test"}

PARTS_OF_CLIENTS: dict[str, Callable[[Any], object]] = {
    "the client": lambda client: client,
    "a variant": lambda client: client.with_options(timeout=1.0),
    "a resource": lambda client: client.customers,
    "a method": lambda client: client.customers.retrieve,
    "the intents": lambda client: client.intents,
    "a pager": lambda client: client.customers.list(),
}
WAYS_OF_PICKLING: dict[str, Callable[[object], object]] = {
    **{f"protocol {number}": partial(pickle.dumps, protocol=number) for number in range(pickle.HIGHEST_PROTOCOL + 1)},
    "nested": lambda given: pickle.dumps([{"task": (given,)}]),
    "with a function": lambda given: pickle.dumps(partial(print, given)),
    "deep copy": copy.deepcopy,
}


class Task:
    """An object of a user that holds another, as the tasks of a process pool do."""

    def __init__(self, held: object) -> None:
        self.number, self.held = 1, held


WAYS_OF_PICKLING["in an object"] = lambda given: pickle.dumps(Task(given))
each_way = pytest.mark.parametrize("duplicate", WAYS_OF_PICKLING.values(), ids=WAYS_OF_PICKLING)


@pytest.mark.promise("P7")
@each_way
@pytest.mark.parametrize("part", PARTS_OF_CLIENTS.values(), ids=PARTS_OF_CLIENTS)
@pytest.mark.parametrize(("make", "kind"), [(AsyncPayCombat, "an async client"), (PayCombat, "a blocking client")])
def test_a_client_says_that_it_is_one(
    make: Callable[..., Any], kind: str, part: Callable[[Any], object], duplicate: Callable[[object], object]
) -> None:
    """Not the lock or the secret that happens to be met first in it."""
    client = make(**CREDENTIALS, intents=MemoryIntents())

    with pytest.raises(TypeError, match=f"^{kind}, its resources .* make a client in each process$"):
        duplicate(part(client))


def _postgres(name: str) -> Callable[[Path], object]:
    """What makes an object of this class; skips the test where there is no psycopg."""

    def make(_folder: Path) -> object:
        pytest.importorskip("psycopg")
        from paycombat_async.batch import PostgresJournal  # only where psycopg is installed
        from paycombat_async.intents import PostgresIntents
        from paycombat_async.limiters import PostgresLimiter

        makers: dict[str, Callable[[], object]] = {
            "PostgresIntents": lambda: PostgresIntents(DSN),
            "PostgresInbox": lambda: webhooks.PostgresInbox(DSN),
            "PostgresLimiter": lambda: PostgresLimiter(DSN, "rate", 1),
            "PostgresJournal": lambda: PostgresJournal(DSN, run="run"),
        }
        return makers[name]()

    return make


BOUND: dict[str, Callable[[Path], object]] = {
    "SqliteIntents": lambda folder: SqliteIntents(folder / "intents.db"),
    "MemoryIntents": lambda _folder: MemoryIntents(),
    "SqliteInbox": lambda folder: webhooks.SqliteInbox(folder / "inbox.db"),
    "MemoryInbox": lambda _folder: webhooks.MemoryInbox(),
    "LocalLimiter": lambda _folder: LocalLimiter(1),
    "AiohttpTransport": lambda _folder: AiohttpTransport(base_url="https://provider.test"),
    "SessionTransport": lambda _folder: SessionTransport(print),
    "Sandbox": lambda _folder: Sandbox(),
    **{name: _postgres(name) for name in ("PostgresIntents", "PostgresInbox", "PostgresLimiter", "PostgresJournal")},
}


@each_way
@pytest.mark.parametrize("name", BOUND)
def test_what_holds_connections_names_itself(name: str, duplicate: Callable[[object], object], tmp_path: Path) -> None:
    """As when a store or an inbox is an argument of a task."""
    with pytest.raises(TypeError, match=f"^{name} cannot be pickled or copied, .* in each process$|^{name} .*base_url"):
        duplicate(BOUND[name](tmp_path))


@each_way
@pytest.mark.parametrize("name", ["MemoryInbox", "SqliteInbox"])
def test_blocking_inboxes_name_themselves(name: str, duplicate: Callable[[object], object], tmp_path: Path) -> None:
    """They hold an inbox and its loop."""
    make = {
        "MemoryInbox": blocking_webhooks.MemoryInbox,
        "SqliteInbox": lambda: blocking_webhooks.SqliteInbox(tmp_path / "inbox.db"),
    }

    with pytest.raises(TypeError, match=f"^{name} cannot be pickled or copied, .* make one in each process$"):
        duplicate(make[name]())
