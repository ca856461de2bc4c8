"""The queues under test, a database with a table of bills, and a sandbox that stands in for the provider."""

import os
import runpy
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import pytest

from paycombat_async.batch import PostgresJournal
from paycombat_async.intents import PostgresIntents
from paycombat_async.sandbox import Sandbox
from tests.postgres_server import PostgresServer, execute
from tests.recipes.queues import RECIPES, Celery, Procrastinate, Queue
from tests.recipes.redis_server import _redis_socket

__all__ = ["_redis_socket"]
_databases = count(1)


@pytest.fixture(name="sandbox")
async def _sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(balances={"AUD": 10**6}) as sandbox:
        yield sandbox


@pytest.fixture(name="database")
async def _database(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a database with the tables of the SDK and of the bills."""
    name = f"recipes_{os.getpid()}_{next(_databases)}"
    await execute(postgres_server.dsn, f"CREATE DATABASE {name}")
    url = f"postgresql:///{name}?{urlencode({'host': postgres_server.folder, 'user': 'tests'})}"
    monkeypatch.setenv("PAYCOMBAT_DATABASE_URL", url)
    await execute(url, runpy.run_path(str(RECIPES / "bills.py"))["SCHEMA"])
    for store in (PostgresIntents(url), PostgresJournal(url, "any")):
        await store.migrate()
        await store.aclose()
    return url


@pytest.fixture(name="queue", params=["celery", "procrastinate"])
async def _queue(request: pytest.FixtureRequest, sandbox: Sandbox, database: str, tmp_path: Path) -> Queue:
    kind = request.param
    pytest.importorskip(kind, reason=f"{kind} is not installed")
    environment = {
        "PAYCOMBAT_DATABASE_URL": database,
        "PAYCOMBAT_BASE_URL": sandbox.base_url,
        "PAYCOMBAT_TOKEN": sandbox.token,
        "PAYCOMBAT_SIGNATURE_KEY": sandbox.signature_key,
        "BATCH_RATE": "500",
        "BATCH_PART_S": "60",
        "TMPDIR": str(tmp_path),  # Celery's workers make folders, which they leave behind when they are killed
    }
    if kind == "celery":
        return Celery(environment, request.getfixturevalue("redis_socket"))
    queue = Procrastinate(environment, database)
    await queue.prepare()
    return queue
