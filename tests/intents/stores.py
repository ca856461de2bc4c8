"""The stores of intents that outlive a process, each with what a test needs to open it again and to end its leases."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async.intents import PostgresIntents, SqliteIntents
from paycombat_async.testing import FakeClock
from tests.postgres_server import PostgresServer, postgres_intents

LATER_S = 3600  # all leases are over by then


@dataclass
class Place:
    """Where records are kept: a file, or a schema of a database. `name` is what the shop takes as its STORE."""

    name: str
    path: Path | None = None
    dsn: str = ""
    schema: str = ""

    @contextlib.asynccontextmanager
    async def store(self, *, later: bool = False) -> AsyncIterator[SqliteIntents | PostgresIntents]:
        """The store; with `later`, as it is when the leases of all calls under way are over."""
        store: SqliteIntents | PostgresIntents
        if self.path is not None:
            store = SqliteIntents(self.path, clock=FakeClock(start=SYSTEM_CLOCK.now() + LATER_S * later))
        else:
            store = PostgresIntents(self.dsn, schema=self.schema)
            if later:
                await store._tables.execute("UPDATE {schema}.intent SET leased_until = created_at RETURNING true", {})
        try:
            yield store
        finally:
            await store.aclose()


@contextlib.asynccontextmanager
async def migrated(server: PostgresServer) -> AsyncIterator[Place]:
    """A schema with empty tables, dropped afterwards."""
    async with postgres_intents(server.dsn) as store:
        yield Place(f"{server.dsn}#{store.schema}", dsn=server.dsn, schema=store.schema)


@pytest.fixture(name="place", params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place of either kind. PostgreSQL is skipped where there is none."""
    if request.param == "sqlite":
        path = tmp_path / "intents.db"
        yield Place(str(path), path)
        return
    import asyncio

    server: PostgresServer = request.getfixturevalue("postgres_server")
    with asyncio.Runner() as runner:
        context = migrated(server)
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))
