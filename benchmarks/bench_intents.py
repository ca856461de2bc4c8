"""A call that is recorded in an intents store, against the same call without one: `python -m benchmarks intents`.

PostgreSQL is measured in the database that PAYCOMBAT_DATABASE_URL names, in a schema of its own, dropped afterwards.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks._callers import Drive, at_once
from benchmarks._data import KEY, REQUESTS, TOKEN, USUAL
from benchmarks._harness import Effort, measure_async
from benchmarks._peers import load
from benchmarks._results import WALL, Row, Table, times_the_cost
from benchmarks._server import running_server
from paycombat_async import AsyncPayCombat
from paycombat_async.endpoints import UPDATE_CUSTOMER
from paycombat_async.intents import Intents, MemoryIntents, PostgresIntents, SqliteIntents

_VARIABLE: Final = "PAYCOMBAT_DATABASE_URL"
_SCHEMA: Final = "paycombat_benchmark"
_BARE: Final = "no store"
_AT_ONCE: Final = (1, 16)
_SHARE: Final = 4  # of the rounds, one in so many: a record waits for the disk twice
_WORK: Final = (
    "the same call over the same server; with a store it is recorded durably before it is sent, and its answer after "
    "(SQLite: one fsync each; PostgreSQL: one round trip each); every call has a new reference"
)


def run(effort: Effort) -> list[Table]:
    """Time on the wall and processor time per call, with each store and without."""
    table = Table("intents", "A call with an intents store", f"times the cost of the same call with {_BARE}")
    with running_server() as server:
        for concurrency in _AT_ONCE:
            table.rows += asyncio.run(_compare(f"{server.address}/clean", concurrency, effort))
        table.remarks.append(server.remark())
    table.work[table.rows[0].case] = _WORK
    if not os.environ.get(_VARIABLE):
        table.remarks.append(f"{_VARIABLE} is not set, so the rows of PostgreSQL are left out")
    return [table]


async def _compare(base_url: str, concurrency: int, effort: Effort) -> list[Row]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores: dict[str, Intents | None] = {
            _BARE: None,
            "MemoryIntents": MemoryIntents(),
            "SqliteIntents": SqliteIntents(folder / "intents.db"),
        }
        if url := os.environ.get(_VARIABLE):
            stores["PostgresIntents"] = await stack.enter_async_context(_postgres(url))
        drives: dict[str, Drive] = {}
        for name, store in stores.items():
            client = AsyncPayCombat(
                token=TOKEN, signature_key=KEY, base_url=base_url, max_connections=concurrency, intents=store
            )
            drives[name] = at_once(concurrency, _call(await stack.enter_async_context(client), store))
        samples = await measure_async(drives, effort.some_rounds(_SHARE), max(concurrency, effort.calls))
        for store in stores.values():
            if store is not None:
                await store.aclose()
    case = f"{concurrency} at once"
    return [
        times_the_cost(f"{case}: {title}", samples, of=name, base=_BARE, pick=pick)
        for title, pick in (("time on the wall", WALL), ("processor time of this process", lambda each: each.cpu))
        for name in stores
    ]


def _call(client: AsyncPayCombat, store: Intents | None) -> Callable[[], Any]:
    request, numbers = REQUESTS[USUAL], count()
    if store is None:
        return lambda: client.send(UPDATE_CUSTOMER, request)
    return lambda: client.send(UPDATE_CUSTOMER, request, reference=f"reference-{next(numbers)}")


@asynccontextmanager
async def _postgres(url: str) -> AsyncGenerator[PostgresIntents]:
    store = PostgresIntents(url, schema=_SCHEMA)
    await store.migrate()
    try:
        yield store
    finally:
        with load("psycopg").connect(url, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {_SCHEMA} CASCADE")
